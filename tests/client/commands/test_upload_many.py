"""`fnt upload` of many files: sources, targets, and skipped files."""

from __future__ import annotations

import hashlib
import io
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from builders import make_snapshot
from fnt.__main__ import run
from fnt.errors import (
    AllFailedError,
    ExitCode,
    NotFoundError,
    PartialError,
    RefusedInputError,
    TemporaryError,
    UsageError,
)
from fnt.flow.inputs.stdin import spooled
from fnt.progress import Accepted, Refused
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings
from pdfs import make_pdf, make_scan_pdf
from schemas import read_document, read_events
from world import FakeApi, FakeSession, World, completed, ended, make_terminal, uploaded

PDF = make_pdf()
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"  # the home stands beside it
    folder.mkdir()
    monkeypatch.chdir(folder)
    for number, name in enumerate(("novel.pdf", "books/a.pdf", "books/Zola/b.PDF")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_pdf(pages=number + 1))
    return folder


def uploading(*script: object, **parts: object) -> World:
    return World(session=FakeSession(script), **parts)  # type: ignore[arg-type]


def sent(world: World) -> list[str]:
    return [item.filename for _, items, _ in world.session.asked for item in items]


def both() -> list[object]:
    """Two books that were uploaded and completed."""
    return [
        *uploaded(0, job_id=12, title="b.PDF"),
        *uploaded(1, job_id=13, title="a.pdf"),
        completed(job_id=12),
        completed(job_id=13),
    ]


def with_stdin(content: bytes, **more: Any) -> World:
    terminal = make_terminal(**more)
    terminal.stdin.bytes.write(content)  # type: ignore[attr-defined]
    terminal.stdin.bytes.seek(0)  # type: ignore[attr-defined]
    return uploading(*uploaded(), completed(), terminal=terminal)


def there(path: Path, *, status: JobStatus = JobStatus.COMPLETED, **changes: Any) -> JobSnapshot:
    """A job the server already has for a file."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ended(status, sha256=digest, original_filename=path.name, **changes)


def test_the_tree_of_a_folder_is_kept(folder: Path) -> None:
    world = uploading(*both())

    assert world.invoke("upload", "-r", "books", "-w", "-o", "out").exit_code == 0

    assert sent(world) == ["b.PDF", "a.pdf"]
    assert world.out.splitlines() == ["out/Zola/b.txt", "out/a.txt"]
    assert (folder / "out/Zola/b.txt").exists()


def test_names_in_a_tree_collide_in_their_own_folder_alone(folder: Path) -> None:
    (folder / "books/b.pdf").write_bytes(PDF)
    (folder / "books/Zola/b.pdf").write_bytes(PDF)
    world = uploading()

    result = world.invoke("upload", "-r", "books", "-w")

    assert isinstance(result.exception, UsageError)
    assert result.exception.message == (
        "books/Zola/b.PDF and books/Zola/b.pdf would both be saved as Zola/b.txt"
    )
    assert world.session.asked == []
    assert not (folder / "Zola").exists()


def test_a_list_of_paths_beside_paths(folder: Path) -> None:
    (folder / "list.txt").write_bytes("\ufeffbooks/a.pdf\r\n\r\nnovel.pdf\n".encode())
    world = uploading()

    world.invoke("upload", "books/Zola/b.PDF", "novel.pdf", "--files-from", "list.txt")

    assert sent(world) == ["b.PDF", "novel.pdf", "a.pdf"]


@pytest.mark.parametrize("name", ["two\nlines.pdf", "[x].pdf", "-"])
def test_a_list_with_nul_on_standard_input_holds_any_name(name: str, folder: Path) -> None:
    (folder / name).write_bytes(PDF)
    world = with_stdin(name.encode() + b"\0novel.pdf\0")

    world.invoke("upload", "--files-from", "-")

    assert sent(world) == [name, "novel.pdf"]


def test_a_file_on_standard_input(folder: Path) -> None:
    seen: list[bytes] = []
    world = with_stdin(PDF)
    world.session.script = [lambda: seen.append(path_of(world).read_bytes()), *uploaded()]

    code = world.invoke("upload", "-", "--name", "piped.pdf").exit_code

    assert code == 0
    assert seen == [PDF]
    assert sent(world) == ["piped.pdf"]
    assert not path_of(world).exists()


def path_of(world: World) -> Path:
    path: Path = world.session.asked[0][1][0].path
    return path


def test_standard_input_is_saved_under_its_name(folder: Path) -> None:
    world = with_stdin(PDF)

    world.invoke("upload", "-", "--name", "piped.pdf", "-w", "-o", "out")

    assert world.out == "out/piped.txt\n"


def test_endless_input_is_not_kept() -> None:
    source = io.BytesIO(b"%PDF-1.4" + b"x" * 5_000_000)

    with spooled(source, most_bytes=1_000_000) as path:
        assert path.stat().st_size == 1_000_001  # enough to show that it is too large

    assert len(source.read()) == 4_000_007


@pytest.mark.parametrize(
    ("args", "tty"),
    [
        (["-"], False),
        (["-", "--name", "a/b.pdf"], False),
        (["-", "--name", ".."], False),
        (["-", "--name", ""], False),
        (["-", "--name", "x.pdf", "--files-from", "-"], False),
        (["-", "--name", "x.pdf"], True),
        (["novel.pdf", "--name", "x.pdf"], False),
        ([], False),
        (["books"], False),
        (["n" * 5000], False),
        (["novel.pdf", "-w", "-o", "n" * 5000], False),
        (["novel.pdf", "-w", "-o", "n" * 300 + ".txt"], False),
        (["novel.pdf", "-o", "-", "-d"], False),
        (["novel.pdf", "-o", "-", "--no-save"], False),
        (["novel.pdf", "-o", "-", "-f", "xlsx"], False),
        (["novel.pdf", "-o", "-", "-f", "txt,csv"], False),
        (["novel.pdf", "books/a.pdf", "-o", "-"], False),
        (["novel.pdf", "-o", "-", "--json"], False),
        (["novel.pdf", "-w", "-o", "out.csv"], False),
        (["novel.pdf", "-w", "-o", "novel.pdf/out"], False),
        (["-r", "books", "-w", "-o", "out.txt"], False),
    ],
)
def test_wrong_words_send_nothing(args: list[str], tty: bool) -> None:
    world = with_stdin(PDF, tty=tty, environ={"TERM": "dumb"})

    assert isinstance(world.invoke("upload", *args).exception, UsageError)
    assert world.session.asked == []


@pytest.mark.parametrize(
    "args", [["--files-from", "gone.txt"], ["--files-from", "/dev/null"], ["*.epub"]]
)
def test_nothing_to_send(args: list[str]) -> None:
    assert isinstance(uploading().invoke("upload", *args).exception, NotFoundError)


@pytest.mark.parametrize(
    ("output", "path"),
    [
        ("out", "out/novel.txt"),
        ("out.txt/", "out.txt/novel.txt"),
        ("deep/name.txt", "deep/name.txt"),
        ("there.txt", "there.txt/novel.txt"),
        ("v1.2", "v1.2/novel.txt"),
    ],
)
def test_a_file_or_a_folder_to_save_in(output: str, path: str, folder: Path) -> None:
    (folder / "there.txt").mkdir()
    world = uploading(*uploaded(), completed())

    assert world.invoke("upload", "novel.pdf", "-w", "-o", output).exit_code == 0

    assert world.out == f"{path}\n"
    assert (folder / path).is_file()


def test_a_named_file_that_exists_is_refused_before_anything_is_sent(folder: Path) -> None:
    (folder / "out.txt").touch()
    world = uploading()

    assert isinstance(
        world.invoke("upload", "novel.pdf", "-w", "-o", "out.txt").exception, UsageError
    )
    assert world.session.asked == []


def test_names_that_are_not_unicode_are_recorded(folder: Path) -> None:
    try:
        (folder / "books/no\udcff\x1b.pdf").write_bytes(b"no PDF")
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only names that are text")
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "sum.md")}
    terminal = make_terminal(environ=environ)
    world = uploading(*both(), terminal=terminal, environ=environ)

    words = ["upload", "-r", "books", "-d", "--junit", "j.xml", "--events-file", "e.jsonl"]
    code = run([*words, "--json"], world.context())

    assert code == 6
    read_document(world.out)
    read_events((folder / "e.jsonl").read_text(encoding="utf-8"))
    assert b"\x1b" not in (folder / "j.xml").read_bytes() + (folder / "sum.md").read_bytes()


def test_the_result_goes_to_standard_output_alone() -> None:
    world = uploading(*uploaded(), completed())

    assert world.invoke("upload", "novel.pdf", "-o", "-").exit_code == 0

    assert world.out == "Une phrase.\n"


def test_a_failed_job_writes_nothing_to_standard_output() -> None:
    world = uploading(*uploaded(), ended(JobStatus.FAILED))

    assert isinstance(world.invoke("upload", "novel.pdf", "-o", "-").exception, AllFailedError)
    assert world.out == ""


def test_a_dry_run_sends_nothing_and_reports_everything(folder: Path) -> None:
    (folder / "books/bad.pdf").write_bytes(b"no PDF")
    world = uploading()

    result = world.invoke("upload", "-r", "books", "-w", "-o", "out", "--dry-run")

    assert isinstance(result.exception, PartialError)
    assert world.out.splitlines() == [
        "send    books/Zola/b.PDF -> out/Zola/b.txt",
        "send    books/a.pdf -> out/a.txt",
        "refuse  books/bad.pdf: not a PDF",
    ]
    assert world.session.asked == []
    assert not (folder / "out").exists()


def test_a_dry_run_as_a_document(folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"no PDF")
    job = there(folder / "novel.pdf", status=JobStatus.PROCESSING)
    words = ["upload", "novel.pdf", "books/a.pdf", "bad.pdf", "--dry-run", "--skip-existing"]
    world = uploading(api=FakeApi(job))

    code = run([*words, "-w", "--json"], world.context())

    document = read_document(world.out)
    assert (code, document["jobs"]) == (6, [])
    assert [
        (one["file"], one["action"], one["size_bytes"] > 0, one["job"], one["outputs"])
        for one in document["upload"]
    ] == [
        ("novel.pdf", "skip", True, 12, ["novel.txt"]),
        ("books/a.pdf", "send", True, None, ["a.txt"]),
        ("bad.pdf", "refuse", True, None, []),
    ]
    assert document["upload"][2]["problem"]["code"] == "NOT_A_PDF"


def test_a_dry_run_ends_as_the_run_would(folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"no PDF")
    (folder / "novel.txt").touch()

    assert uploading().invoke("upload", "novel.pdf", "--dry-run").exit_code == 0
    for words, error in ((["bad.pdf"], RefusedInputError), (["novel.pdf", "-w"], UsageError)):
        result = uploading().invoke("upload", *words, "--dry-run")
        assert isinstance(result.exception, error)


def test_existing_jobs_are_reported_and_saved_as_usual(folder: Path) -> None:
    job = there(folder / "novel.pdf")
    found = Accepted(key="book:1", job=job, is_skipped=True)
    world = uploading(found, api=FakeApi(job))

    code = run(["upload", "novel.pdf", "--skip-existing", "-w", "--json"], world.context())

    document = read_document(world.out)
    (entry,) = document["jobs"]
    assert (code, entry["skipped"], entry["job"]["id"]) == (0, True, 12)
    assert entry["outputs"] == ["novel.txt"]
    assert "novel.pdf: skipped, already uploaded as job 12 (completed)" in world.err
    assert world.session.asked[0][1][0].skips_existing


def test_existing_jobs_are_printed_when_detached(folder: Path) -> None:
    found = Accepted(key="book:1", job=there(folder / "novel.pdf"), is_skipped=True)
    world = uploading(found)

    assert world.invoke("upload", "novel.pdf", "--skip-existing").exit_code == 0
    assert world.out == "12\n"


@pytest.mark.parametrize(("content", "error"), [("Une phrase.\n", None), ("mine", UsageError)])
def test_a_previously_saved_result_is_kept_or_reported(
    content: str, error: Any, folder: Path
) -> None:
    (folder / "novel.txt").write_text(content, encoding="utf-8")
    job = there(folder / "novel.pdf")
    found = Accepted(key="book:1", job=job, is_skipped=True)
    world = uploading(found, api=FakeApi(job))

    result = world.invoke("upload", "novel.pdf", "--skip-existing", "-w")

    assert (folder / "novel.txt").read_text(encoding="utf-8") == content
    if error is None:
        assert (result.exit_code, world.out) == (0, "novel.txt\n")
    else:
        assert isinstance(result.exception, error)
        assert "different content" in str(result.exception)
    assert sorted(path.name for path in folder.iterdir()) == ["books", "novel.pdf", "novel.txt"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": JobStatus.FAILED},
        {"status": JobStatus.PROCESSING},
        {"processing_settings": ProcessingSettings(sentence_length_limit=9)},
    ],
)
def test_a_target_of_a_book_the_server_has_not_done_is_refused(
    changes: Mapping[str, Any], folder: Path
) -> None:
    (folder / "novel.txt").touch()
    world = uploading(api=FakeApi(there(folder / "novel.pdf", **changes)))

    result = world.invoke("upload", "novel.pdf", "--skip-existing", "-w")

    assert isinstance(result.exception, UsageError)
    assert world.session.asked == []


def test_two_files_that_follow_one_job_are_both_saved(folder: Path) -> None:
    running = make_snapshot(id=12, status=JobStatus.PROCESSING)
    world = uploading(
        Accepted(key="book:1", job=running),
        Accepted(key="book:2", job=running, is_skipped=True),
        completed(),
    )

    words = ["books/a.pdf", "novel.pdf", "--skip-existing", "-w"]
    assert world.invoke("upload", *words).exit_code == 0
    assert world.out.splitlines() == ["a.txt", "novel.txt"]


def test_who_leaves_early_hears_what_was_not_sent() -> None:
    world = uploading(*uploaded(0, job_id=12), KeyboardInterrupt())

    world.invoke("upload", "-r", "books", "-w")

    assert world.err.splitlines()[-1] == (
        "1 job still running, 1 file not sent; to resume, run the same command again"
    )


def test_who_leaves_early_without_watching_does_not_send_twice() -> None:
    world = uploading(*uploaded(0, job_id=12), KeyboardInterrupt())

    world.invoke("upload", "-r", "books", "--detach")

    assert world.err.splitlines()[-1] == (
        "1 file not sent; run the same command again with --skip-existing"
    )


@pytest.mark.parametrize("width", [80, 200])
def test_jobs_too_many_for_one_line_are_resumed_by_the_same_command(
    folder: Path, width: int
) -> None:
    numbers = range(100_001, 100_060, 4)
    (folder / "many").mkdir()
    script: list[object] = []
    for place, number in enumerate(numbers):
        (folder / "many" / f"{number}.pdf").write_bytes(PDF)
        script += uploaded(place, job_id=number)
    terminal = make_terminal(tty=True, size=(width, 30), environ={"NO_COLOR": "1"})
    world = uploading(*script, KeyboardInterrupt(), terminal=terminal)

    world.invoke("upload", "-r", "many", "--no-save")

    named = f"resume with: fnt watch {' '.join(map(str, numbers))} --no-save"
    again = "to resume, run the same command again"
    line = world.err.splitlines()[-1]
    assert line == f"15 jobs still running; {again if width == 80 else named}"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_doubtful_file_is_named_as_in_its_row(folder: Path, is_terminal: bool) -> None:
    (folder / "books" / "b.pdf").write_bytes(make_scan_pdf(pages=2))
    terminal = make_terminal(tty=is_terminal, size=(80, 30), environ={"NO_COLOR": "1"})
    world = uploading(KeyboardInterrupt(), terminal=terminal)

    world.invoke("upload", "-r", "books", "-w")

    words = "the first pages contain no text; run OCR on a scanned book"
    line = f"! b           {words}" if is_terminal else f"warning: books/b.pdf: {words}"
    assert line in CONTROL.sub("", world.err)


@pytest.mark.slow
def test_the_time_is_over_before_all_is_sent() -> None:
    world = World()
    world.session.script = [*uploaded(0, job_id=12), lambda: world.session.detached.wait(10)]

    result = world.invoke("upload", "-r", "books", "-w", "--timeout", "1s")

    assert str(result.exception) == "timed out: 1 job still running, 1 file not sent"


def test_the_first_failure_ends_the_run_and_leaves_the_rest_running() -> None:
    unheard: list[int] = []
    script = [
        *uploaded(0, job_id=12),
        *uploaded(1, job_id=13),
        ended(JobStatus.FAILED, job_id=12),
        lambda: unheard.append(1),
    ]
    world = uploading(*script)

    result = world.invoke("upload", "-r", "books", "-w", "--fail-fast")

    assert isinstance(result.exception, PartialError)
    assert "1 job still running; resume with: fnt watch 13" in world.err
    assert unheard == []
    assert world.session.is_closed


def test_a_refused_file_ends_the_run_before_anything_is_sent(folder: Path) -> None:
    (folder / "bad.pdf").write_bytes(b"no PDF")
    world = uploading()

    result = world.invoke("upload", "bad.pdf", "novel.pdf", "--fail-fast")

    assert isinstance(result.exception, PartialError)
    assert world.session.asked == []


def test_watching_too_ends_at_the_first_failure() -> None:
    world = uploading(make_snapshot(id=13), ended(JobStatus.FAILED), completed(job_id=13))

    result = world.invoke("watch", "12", "13", "--fail-fast")

    assert isinstance(result.exception, PartialError)
    assert "fnt watch 13" in world.err


def test_watching_saves_as_a_file_or_on_standard_output(folder: Path) -> None:
    world = uploading(completed())
    assert world.invoke("watch", "12", "-o", "out/one.txt").exit_code == 0
    assert world.out == "out/one.txt\n"

    world = uploading(completed())
    assert isinstance(world.invoke("watch", "12", "-o", "out/one.txt").exception, UsageError)
    assert world.session.asked == []

    world = uploading(completed())
    assert world.invoke("watch", "12", "-o", "-").exit_code == 0
    assert world.out == "Une phrase.\n"


def test_refusals_by_the_server_say_so_for_each_file() -> None:
    world = uploading(Refused(key="book:1", title="b.PDF", message="no"), *uploaded(1, job_id=13))

    result = world.invoke("upload", "-r", "books", "-d")

    assert isinstance(result.exception, PartialError)
    assert world.out == "13\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-r", "books", "-w"], "fnt upload books --watch --recursive"),
        (["-r", "books", "-d"], "fnt upload books --detach --recursive --skip-existing"),
        (
            ["-d", "--", "-a.pdf", "novel.pdf"],
            "fnt upload --detach --skip-existing -- -a.pdf novel.pdf",
        ),
        (["-w", "--", "-a.pdf", "novel.pdf"], "fnt upload --watch -- -a.pdf novel.pdf"),
    ],
)
def test_the_line_to_run_again_sends_nothing_twice(
    folder: Path, words: list[str], expected: str
) -> None:
    (folder / "-a.pdf").write_bytes(PDF)
    away = Refused(
        key="book:2", title="a.pdf", message="cannot reach it", exit_code=ExitCode.TEMPORARY
    )
    world = uploading(*uploaded(0, job_id=12), *([completed(job_id=12)] * ("-w" in words)), away)

    error = world.invoke("upload", *words).exception

    assert isinstance(error, TemporaryError)
    assert error.hint is not None
    typed = shlex.split(error.hint.removeprefix("run the same command again: "))
    assert sorted(typed) == sorted(shlex.split(expected))
    after = typed[typed.index("--") :] if "--" in typed else typed[2:3]
    assert after == (["--", "-a.pdf", "novel.pdf"] if " -- " in expected else ["books"])


@pytest.mark.parametrize("width", [20, 80])
def test_a_long_folder_hides_no_counts(width: int) -> None:
    target = "sentences/" + "of the novels of the nineteenth century " * 3
    terminal = make_terminal(tty=True, size=(width, 30), environ={"NO_COLOR": "1"})
    failed = ended(JobStatus.FAILED, job_id=13)
    world = uploading(
        *uploaded(0, job_id=12), *uploaded(1, job_id=13), completed(job_id=12), failed,
        terminal=terminal,
    )  # fmt: skip

    world.invoke("upload", "-r", "books", "-w", "-o", f"{target.strip()}")

    said = CONTROL.sub("", world.err)
    assert "✓ 1 saved · 1 failed · 0 s" in " ".join(said.split())
    assert f"  saved in {target.strip()}/" in said.splitlines()


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        (0, "and 2 more: fnt jobs list --status failed"),
        (1, "and 2 more: fnt jobs list --status failed and fnt check"),
        (22, "and 2 more: fnt check"),
    ],
)
def test_more_failures_than_listed_can_be_looked_up(folder: Path, bad: int, line: str) -> None:
    (folder / "many").mkdir()
    script: list[object] = []
    for place in range(22):
        is_job = place < 22 - bad
        (folder / "many" / f"{place:02}.pdf").write_bytes(PDF if is_job else b"no PDF")
        if is_job:
            found = uploaded(place, job_id=12 + place)
            script += [*found, ended(JobStatus.FAILED, job_id=12 + place)]
    world = uploading(*script)

    world.invoke("upload", "-r", "many", "-w")

    assert line in world.err.splitlines()
