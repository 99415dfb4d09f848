"""`fnt batch`: uploads, records in the ledger, and the summary."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from builders import make_snapshot
from fnt.__main__ import run
from fnt.errors import (
    AllFailedError,
    ExitCode,
    FntError,
    NotFoundError,
    PartialError,
    RefusedInputError,
    TemporaryError,
    UsageError,
)
from fnt.flow.inputs.manifest import Source, read_source
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.ledger import Book, BookStatus, Ledger
from fnt.flow.results.output_plan import OutputPlan
from fnt.output.plain import PlainRenderer
from fnt.progress import Accepted, ProgressState, Refused, Update
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.responses import User
from pdfs import make_pdf
from schemas import read_document, read_events
from world import FakeSession, Stream, World, completed, ended, make_terminal

LINE = ("batch", "run", "m.csv", "-o", "out")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.csv").write_text("path\na.pdf\nb.pdf\n")
    for name in ("a", "b"):
        (tmp_path / f"{name}.pdf").write_bytes(make_pdf(text=f"Livre {name}."))
    return tmp_path


def importing(*script: object, **parts: Any) -> World:
    keys = itertools.count(1)
    world = World(session=FakeSession(script), **parts)  # type: ignore[arg-type]
    world.new_key = lambda: f"key-{next(keys)}-{id(world)}"
    return world


def sent(number: int, *, job_id: int) -> Update:
    return Accepted(key=f"book:{number}", job=make_snapshot(id=job_id, status=JobStatus.PENDING))


def both() -> list[Update]:
    return [sent(1, job_id=11), sent(2, job_id=12), completed(job_id=11), completed(job_id=12)]


def refused(number: int, exit_code: ExitCode, code: str | None = None) -> Refused:
    return Refused(
        key=f"book:{number}", title="x", message="the reason", code=code, exit_code=exit_code
    )


def books(world: World, path: str = "m.csv.ledger") -> list[Book]:
    with Ledger(Path(path), now=world.clock.now) as ledger:
        return list(ledger.books())


def statuses(world: World) -> list[str]:
    return [book.status.value for book in books(world)]


def asked(world: World) -> Sequence[Any]:
    return [item for _, items, _ in world.session.asked for item in items]


def fails(world: World, *line: str) -> FntError:
    error = world.invoke(*(line or LINE)).exception
    assert isinstance(error, FntError), error
    return error


def test_each_book_is_uploaded_watched_saved_and_recorded(folder: Path) -> None:
    world = importing(*both())

    assert world.invoke(*LINE).exit_code == 0

    assert world.out == "out/a.txt\nout/b.txt\n"
    assert "2 saved in out/, 0 s" in world.err
    assert statuses(world) == ["done", "done"]
    assert [(item.path, item.filename) for item in asked(world)] == [
        (folder / "a.pdf", "a.pdf"),
        (folder / "b.pdf", "b.pdf"),
    ]
    assert world.session.asked[0][2].window == 64


def test_the_key_is_in_the_ledger_before_anything_is_sent() -> None:
    seen: list[tuple[str, str]] = []

    def look() -> None:
        seen.extend((book.status.value, book.sent.key) for book in books(world) if book.sent)

    world = importing(look, *both())
    world.invoke(*LINE)

    assert seen == [("sending", item.idempotency_key) for item in asked(world)]


def test_the_same_line_again_does_nothing(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir()}
    world = importing()

    assert world.invoke(*LINE).exit_code == 0

    assert (asked(world), world.out) == ([], "")
    assert {path: path.stat().st_mtime_ns for path in (folder / "out").iterdir()} == before


def test_an_interrupted_upload_is_resumed_with_the_same_key() -> None:
    first = importing(sent(1, job_id=11), TemporaryError("no contact"))
    assert isinstance(fails(first), TemporaryError)
    assert statuses(first) == ["running", "sending"]
    assert "2 books left; resume with: fnt batch run m.csv --output out" in (first.err)
    second = importing(*both())

    assert second.invoke(*LINE).exit_code == 0

    a, b = asked(second)
    assert (a.job_id, b.job_id) == (11, None)
    assert [a.idempotency_key, b.idempotency_key] == [item.idempotency_key for item in asked(first)]


def test_a_result_that_was_half_written_is_written_again(folder: Path) -> None:
    world = importing(sent(1, job_id=11), completed(job_id=11), KeyboardInterrupt())
    world.api.iter_result = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
    world.invoke(*LINE)
    assert statuses(world)[0] == "unsaved"
    (folder / "out" / "a.txt").write_text("half")  # killed between the file and the note

    assert importing(*both()).invoke(*LINE).exit_code == 0
    assert (folder / "out" / "a.txt").read_text() == "Une phrase.\n"


def test_an_output_that_is_gone_is_saved_again(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    (folder / "out" / "b.txt").unlink()
    world = importing(Accepted(key="book:2", job=completed(job_id=12)))

    assert world.invoke(*LINE).exit_code == 0

    assert [item.job_id for item in asked(world)] == [12]
    assert (folder / "out" / "b.txt").exists()


def test_another_format_is_saved_beside_the_first(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    again = [
        Accepted(key="book:1", job=completed(job_id=11)),
        Accepted(key="book:2", job=completed(job_id=12)),
    ]
    world = importing(*again)

    assert world.invoke(*LINE, "-f", "txt,json").exit_code == 0

    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "a.json",
        "a.txt",
        "b.json",
        "b.txt",
    ]


def test_a_changed_file_is_reported_and_not_sent(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    (folder / "a.pdf").write_bytes(make_pdf(text="Un autre livre."))
    world = importing()

    assert isinstance(fails(world), PartialError)

    assert asked(world) == []
    assert books(world)[0].error_code == "FILE_CHANGED"
    assert statuses(world) == ["changed", "done"]


def test_a_file_that_was_only_touched_is_the_same(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    (folder / "a.pdf").write_bytes((folder / "a.pdf").read_bytes())
    world = importing()

    assert world.invoke(*LINE).exit_code == 0
    assert asked(world) == []


def test_one_broken_book_stops_no_other() -> None:
    world = importing(
        sent(1, job_id=11),
        sent(2, job_id=12),
        ended(JobStatus.FAILED, job_id=11, error_code="PDF_DAMAGED", error_message="broken"),
        completed(job_id=12),
    )

    error = fails(world)

    assert (type(error), error.message) == (PartialError, "1 of 2 books failed")
    assert error.hint == "retry them with: fnt batch retry m.csv"
    assert statuses(world) == ["failed", "done"]
    again = importing()
    assert isinstance(fails(again), PartialError)
    assert "a.pdf: failed: broken (PDF_DAMAGED)" in again.err
    assert asked(again) == []


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ([refused(1, ExitCode.TEMPORARY), refused(2, ExitCode.TEMPORARY)], TemporaryError),
        ([refused(1, ExitCode.REFUSED, "X"), refused(2, ExitCode.REFUSED, "X")], RefusedInputError),
        ([refused(1, ExitCode.NOT_FOUND), refused(2, ExitCode.REFUSED)], NotFoundError),
        # as an upload
        ([refused(1, ExitCode.REFUSED), refused(2, ExitCode.TEMPORARY)], RefusedInputError),
        (
            [
                sent(1, job_id=11),
                ended(JobStatus.CANCELLED, job_id=11),
                refused(2, ExitCode.REFUSED, "X"),
            ],
            AllFailedError,
        ),
    ],
)
def test_how_a_run_ends(script: list[Update], kind: type[FntError]) -> None:
    assert type(fails(importing(*script))) is kind


def test_temporary_failures_are_retried_by_the_same_line() -> None:
    world = importing(refused(1, ExitCode.TEMPORARY), *both()[1::2])
    error = fails(world)
    assert error.hint is not None
    assert "run the same command again: fnt batch run m.csv" in error.hint
    assert statuses(world) == ["sending", "done"]

    assert importing(sent(1, job_id=11), completed(job_id=11)).invoke(*LINE).exit_code == 0


def test_files_that_cannot_be_sent_are_refused_by_a_look(folder: Path) -> None:
    (folder / "a.pdf").write_text("a text")
    (folder / "b.pdf").unlink()
    world = importing()

    world.invoke(*LINE)

    assert asked(world) == []
    assert [(book.status, book.error_code) for book in books(world)] == [
        (BookStatus.REFUSED, "NOT_A_PDF"),
        (BookStatus.REFUSED, "NOT_FOUND"),
    ]


def test_a_target_that_exists_is_refused_before_anything_is_sent(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out" / "b.txt").write_text("mine")
    world = importing(*both())

    error = fails(world)

    assert (type(error), error.message) == (UsageError, "out/b.txt exists")
    assert world.session.asked == []
    assert not (folder / "m.csv.ledger").exists()
    assert importing(*both()).invoke(*LINE, "--overwrite").exit_code == 0
    assert (folder / "out" / "b.txt").read_text() == "Une phrase.\n"


def test_results_that_would_be_one_file_are_refused(folder: Path) -> None:
    (folder / "m.csv").write_text("path\na.pdf\nmore/a.pdf\n")

    error = fails(importing())

    assert error.message == "a.pdf and more/a.pdf would both be saved as out/a.txt"


def test_another_account_does_not_go_on_with_a_ledger() -> None:
    importing(*both()).invoke(*LINE)
    world = importing()
    world.api.me = lambda: User(id=2, email="you@x.org", name="You")  # type: ignore[method-assign]

    error = fails(world)

    assert isinstance(error, UsageError)
    assert "belongs to me@x.org on https://books.example.org" in error.message
    assert world.session.asked == []


def test_a_broken_manifest_stops_everything_and_leaves_no_ledger(folder: Path) -> None:
    (folder / "m.csv").write_text("path,words\na.pdf,8\nb.pdf,many\n")
    world = importing(*both())

    assert isinstance(fails(world), UsageError)
    assert world.session.asked == []
    assert "m.csv: line 3: words must be a number" in world.err
    assert not (folder / "m.csv.ledger").exists()


def test_retry_sends_what_failed_under_a_new_key(folder: Path) -> None:
    failed = ended(JobStatus.FAILED, job_id=11, error_code="WORKER_LOST")
    first = importing(sent(1, job_id=11), failed, *both()[1::2])
    first.invoke(*LINE)
    world = importing(sent(1, job_id=21), completed(job_id=21))

    assert world.invoke("batch", "retry", "m.csv").exit_code == 0

    (item,) = asked(world)
    assert item.idempotency_key not in {one.idempotency_key for one in asked(first)}
    assert world.out == "out/a.txt\n"
    book = books(world)[0]
    assert (book.status, book.job_id) == (BookStatus.DONE, 21)
    assert (book.attempts, book.earlier_jobs) == (2, (11,))


def test_retry_replaces_the_result_of_a_file_that_changed(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    (folder / "a.pdf").write_bytes(make_pdf(text="Un autre livre."))
    importing(refused(1, ExitCode.REFUSED, "FILE_CHANGED")).invoke(*LINE)
    world = importing(sent(1, job_id=21), completed(job_id=21))
    world.api.results[21] = b"Un autre livre.\n"

    assert world.invoke("batch", "retry", "m.csv").exit_code == 0

    assert (folder / "out" / "a.txt").read_text() == "Un autre livre.\n"
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["a.txt", "b.txt"]


def test_a_file_brought_back_is_well_again(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    before = (folder / "a.pdf").read_bytes()
    (folder / "a.pdf").write_bytes(make_pdf(text="Un autre livre."))
    importing(refused(1, ExitCode.REFUSED, "FILE_CHANGED")).invoke(*LINE)
    (folder / "a.pdf").write_bytes(before)
    world = importing(Accepted(key="book:1", job=completed(job_id=11)))

    assert world.invoke(*LINE).exit_code == 0
    assert [item.job_id for item in asked(world)] == [11]
    assert statuses(world) == ["done", "done"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_names_that_are_not_unicode_stop_nothing(folder: Path) -> None:
    name = os.fsdecode(b"lib/\xe9t\xe9.pdf")
    (folder / "lib").mkdir()
    Path(name).write_bytes(make_pdf())
    world = importing(sent(1, job_id=11), completed(job_id=11))

    assert world.invoke("batch", "run", "lib", "-o", "out").exit_code == 0
    (item,) = asked(world)
    assert (os.fsencode(item.path.name), item.filename) == (b"\xe9t\xe9.pdf", "?t?.pdf")


def test_a_stopped_preparer_hands_out_nothing_more(folder: Path) -> None:
    with Ledger(folder / "l", now=World().clock.now, create=True) as ledger:
        source = Source.of("m.csv")
        ledger.begin_run(read_source(source, Stream(), defaults=ProcessingSettings(), tell=print))
        preparer = Preparer(ledger, OutputPlan(folder=folder, formats=()), new_key=lambda: "k")
        preparer.stop()

        assert list(preparer.items(ledger.books(), warn=World().terminal.warn)) == []
        preparer.close()
        assert ledger.counts() == {BookStatus.WAITING: 2}


def test_retry_failed_leaves_what_was_refused() -> None:
    failed = ended(JobStatus.FAILED, job_id=11)
    script = [sent(1, job_id=11), failed, refused(2, ExitCode.REFUSED, "NOT_A_PDF")]
    importing(*script).invoke(*LINE)
    world = importing(sent(1, job_id=21), completed(job_id=21))

    error = fails(world, "batch", "retry", "m.csv", "--failed")

    assert isinstance(error, PartialError)
    assert statuses(world) == ["done", "refused"]


def test_retry_needs_a_ledger() -> None:
    assert isinstance(fails(importing(), "batch", "retry", "m.csv"), NotFoundError)


def test_status_shows_counts_and_unfinished_books() -> None:
    world = importing(refused(1, ExitCode.REFUSED, "NOT_A_PDF"), *both()[1::2])
    world.invoke(*LINE)
    looking = importing()

    assert looking.invoke("batch", "status").exit_code == 0

    assert looking.err == "m.csv.ledger: 2 books: 1 done, 1 refused\n"
    assert looking.out == "refused    a.pdf  the reason [NOT_A_PDF]\n"
    assert looking.connected_to == []


def test_status_on_a_terminal_folds_what_needs_nothing_and_tells_problems_last() -> None:
    world = importing(refused(1, ExitCode.REFUSED, "NOT_A_PDF"), *both()[1::2])
    world.invoke(*LINE)

    def look(*args: str) -> list[str]:
        terminal = make_terminal(tty=True, environ={"TERM": "xterm", "NO_COLOR": "1"})
        looking = importing(terminal=terminal)
        looking.invoke("batch", "status", *args)
        return looking.out.splitlines()

    assert look() == ["✓ 1 book done", "✗ a.pdf         refused: the reason [NOT_A_PDF]"]
    assert look("--all") == [
        "✓ b.pdf   job 12   done",
        "✗ a.pdf            refused: the reason [NOT_A_PDF]",
    ]


def test_status_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    importing(refused(1, ExitCode.REFUSED, "NOT_A_PDF"), *both()[1::2]).invoke(*LINE)
    world = importing()

    assert run(["batch", "status", "m.csv", "--json"], world.context()) == 0

    batch = read_document(world.out)["batch"]
    assert batch["counts"] == {"done": 1, "refused": 1}
    assert [(book["path"], book["job_id"]) for book in batch["books"]] == [
        ("a.pdf", None),
        ("b.pdf", 12),
    ]


def test_run_in_json_lists_each_book_and_earlier_failures() -> None:
    importing(refused(1, ExitCode.REFUSED, "NOT_A_PDF"), *both()[1::2]).invoke(*LINE)
    world = importing()

    assert run([*LINE, "--json"], world.context()) == 6

    document = read_document(world.out)
    assert [(job["file"], job["error"]["code"]) for job in document["jobs"]] == [
        ("a.pdf", "NOT_A_PDF")
    ]
    assert document["batch"]["counts"] == {"done": 1, "refused": 1}


def test_run_in_jsonl_ends_once() -> None:
    world = importing(*both())

    assert run([*LINE, "--jsonl"], world.context()) == 0

    last = read_events(world.out)[-1]
    assert (last["exit_code"], last["counts"]) == (0, {"completed": 2})


def test_export_is_csv_with_every_text_quoted(folder: Path) -> None:
    (folder / "=1+1.pdf").write_bytes(make_pdf())
    (folder / "m.csv").write_text("path\n=1+1.pdf\na.pdf\n")
    importing(sent(1, job_id=11), refused(2, ExitCode.REFUSED, "X"), completed(job_id=11)).invoke(
        *LINE
    )
    world = importing()

    assert world.invoke("batch", "export", "report.csv", "m.csv").exit_code == 0

    text = (folder / "report.csv").read_bytes().decode()
    assert text.splitlines()[1].startswith('"=1+1.pdf","=1+1.pdf","done",11,"')
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert first["outputs"] == str(folder / "out" / "=1+1.txt")
    assert (second["status"], second["error_code"], second["job_id"]) == ("refused", "X", "")
    assert isinstance(fails(importing(), "batch", "export", "report.csv", "m.csv"), UsageError)


def test_export_to_stdout_and_as_json_lines(folder: Path) -> None:
    importing(*both()).invoke(*LINE)
    world = importing()

    assert world.invoke("batch", "export", "-", "--format", "jsonl").exit_code == 0

    lines = [json.loads(line) for line in world.out.splitlines()]
    assert [(line["path"], line["status"]) for line in lines] == [
        ("a.pdf", "done"),
        ("b.pdf", "done"),
    ]
    assert isinstance(fails(importing(), "batch", "export", "-", "m.csv", "--json"), UsageError)


def test_which_ledger_is_meant_must_be_clear(folder: Path) -> None:
    assert isinstance(fails(importing(), "batch", "status"), NotFoundError)
    importing(*both()).invoke(*LINE)
    (folder / "other.ledger").touch()
    assert isinstance(fails(importing(), "batch", "status"), UsageError)

    assert importing().invoke("batch", "status", "--ledger", "m.csv.ledger").exit_code == 0
    assert importing().invoke("batch", "status", "m.csv.ledger").exit_code == 0


def test_a_folder_has_its_ledger_in_it_and_keeps_its_tree(folder: Path) -> None:
    (folder / "lib" / "hugo").mkdir(parents=True)
    (folder / "a.pdf").rename(folder / "lib" / "hugo" / "a.pdf")
    world = importing(sent(1, job_id=11), completed(job_id=11))

    assert world.invoke("batch", "run", "lib", "-o", "out").exit_code == 0

    assert world.out == "out/hugo/a.txt\n"
    assert (folder / "lib" / ".fnt-batch.ledger").exists()
    assert importing().invoke("batch", "run", "lib", "-o", "out").exit_code == 0


def test_patterns_choose_from_a_folder_and_stand_in_the_line_again(folder: Path) -> None:
    (folder / "old").mkdir()
    (folder / "old" / "c.pdf").write_bytes(make_pdf())
    world = importing(sent(1, job_id=11), KeyboardInterrupt())
    line = ["batch", "run", ".", "--exclude", "old", "--exclude", "b*", "-o", "out"]

    assert run(line, world.context()) == 130

    assert [item.filename for item in asked(world)] == ["a.pdf"]
    assert "fnt batch run . --exclude old --exclude 'b*' --output out" in world.err
    assert isinstance(fails(importing(), *LINE, "--include", "*.pdf"), UsageError)


def test_no_save_leaves_results_on_the_server_until_they_are_wanted(folder: Path) -> None:
    assert importing(*both()).invoke("batch", "run", "m.csv", "--no-save").exit_code == 0
    assert not (folder / "out").exists()
    again = [Accepted(key=f"book:{n}", job=completed(job_id=10 + n)) for n in (1, 2)]

    assert importing(*again).invoke(*LINE).exit_code == 0
    assert len(list((folder / "out").iterdir())) == 2


def test_a_result_that_cannot_be_saved_is_tried_by_the_same_line(folder: Path) -> None:
    (folder / "out").mkdir()
    world = importing(lambda: (folder / "out" / "a.txt").write_text("mine"), *both())

    error = fails(world)

    assert isinstance(error, PartialError)
    assert "1 of 2 books not saved: out/a.txt exists" in error.message
    assert (folder / "out" / "a.txt").read_text() == "mine"
    assert statuses(world) == ["unsaved", "done"]
    error = fails(importing())
    assert (type(error), error.message) == (UsageError, "out/a.txt exists")


def test_the_line_to_go_on_with_is_the_one_that_was_typed() -> None:
    world = importing(sent(1, job_id=11), KeyboardInterrupt())
    line = ["batch", "run", "m.csv", "-o", "out", "-f", "txt,json", "--words", "12", "-j", "2"]

    assert run([*line, "--overwrite", "--server", "https://x.org"], world.context()) == 130

    assert (
        "resume with: fnt batch run m.csv --words 12 --output out --format txt,json --overwrite"
        " --jobs 2 --server https://x.org" in world.err
    )


def test_rows_that_ended_leave_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    script: list[Any] = []
    world = importing(script)
    count = 12
    for number in range(1, count + 1):
        pace = [lambda: world.clock.sleep(1.5)]
        script += [sent(number, job_id=number), completed(job_id=number), *pace]
    world.session.script = script
    Path("m.csv").write_text("path\n" + "".join(f"{n}.pdf\n" for n in range(count)))
    for number in range(count):
        Path(f"{number}.pdf").write_bytes(b"%PDF-1.4 nothing")
    shown: list[int] = []
    render = PlainRenderer.render

    def look(self: PlainRenderer, state: ProgressState) -> None:
        shown.append(len(state.rows))
        assert state.count == count
        render(self, state)

    monkeypatch.setattr(PlainRenderer, "render", look)  # what is drawn is what is asked about

    assert world.invoke(*LINE).exit_code == 0
    assert world.out.count("\n") == count
    assert max(shown) <= 4


def test_junit_names_every_book_of_the_manifest_when_the_line_runs_again(folder: Path) -> None:
    importing(refused(1, ExitCode.REFUSED, "NOT_A_PDF"), *both()[1::2]).invoke(*LINE)
    world = importing()

    assert run([*LINE, "--junit", "r.xml", "--json"], world.context()) == 6

    report = (folder / "r.xml").read_text()
    assert 'tests="2" failures="1"' in report
    assert 'name="b.pdf"' in report
    assert "job 12" in report
    assert read_document(world.out)["counts"] == {"completed": 1, "refused": 1}


@pytest.mark.slow
def test_a_result_is_saved_once_the_server_is_back() -> None:
    world = importing(*both())
    answers, away = world.api.iter_result, [TemporaryError("cannot reach the server")] * 3

    def iter_result(job_id: int, format: str) -> Any:
        if away:
            raise away.pop()
        return answers(job_id, format)

    world.api.iter_result = iter_result  # type: ignore[method-assign]

    assert world.invoke(*LINE).exit_code == 0
    assert statuses(world) == ["done", "done"]
