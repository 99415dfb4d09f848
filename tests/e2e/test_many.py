"""Many files by one command: folders, lists, standard input; again, in part, and not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, wait_for
from e2e.proxy import proxied
from pdfs import make_pdf, make_scan_pdf
from schemas import read_document, read_events

MakeServer = Callable[..., ServerProcess]
MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]

BOOKS = (
    "plain.pdf",
    "UPPER.PDF",
    "Zola [/bold]/two\nlines.pdf",
    "Zola [/bold]/\x1b[2Jcleared.pdf",
    "deep/er/-rf.pdf",
    "deep/er/no\udcfftext.pdf",
)


def make_tree(root: Path) -> None:
    """Write six books of different bytes, and what is not to be sent."""
    for number, name in enumerate((*BOOKS, ".hidden.pdf", ".git/object.pdf", "cover.jpg")):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_pdf(text=f"Le livre numéro {number} commence ici."))
    (root / "deep/loop").symlink_to(root, target_is_directory=True)


def job_ids(rest: RestClient) -> list[int]:
    return [job["id"] for job in rest.get("/jobs?limit=200").json()["jobs"]]


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_tree_is_sent_saved_and_sent_again_without_a_second_job(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    make_tree(home.folder / "books")
    words = ("upload", "-r", "books", "-w", "-o", "out", "--skip-existing")

    human = home.run(*words)
    assert human.returncode == 0, human.stderr
    ids = job_ids(rest)
    again = read_document(home.run_ok(*words, "--json"))

    assert len(ids) == 6
    assert job_ids(rest) == ids
    assert files_below(home.folder / "out") == {
        "plain.txt",
        "UPPER.txt",
        "Zola [_bold]/twolines.txt".replace("[_", "[/"),
        "Zola [/bold]/[2Jcleared.txt",
        "deep/er/-rf.txt",
        "deep/er/no_text.txt",
    }
    assert not set("\x1b\r") & set(human.stdout + human.stderr)
    assert len(human.stdout.splitlines()) == 6
    assert all(entry["skipped"] and len(entry["outputs"]) == 1 for entry in again["jobs"])

    (home.folder / "books/seventh.pdf").write_bytes(make_pdf(text="Un livre de plus."))
    more = read_document(home.run_ok(*words, "--json"))
    assert len(job_ids(rest)) == 7
    assert [entry["file"] for entry in more["jobs"] if "skipped" not in entry] == [
        "books/seventh.pdf"
    ]

    home.run_ok(*words, "--words", "9", "--no-save")
    assert len(job_ids(rest)) == 14


def test_standard_input_to_standard_output(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    spool = home.folder / "tmp"
    spool.mkdir()
    home.environ["TMPDIR"] = str(spool)
    (home.folder / "piped.pdf").write_bytes(make_pdf(text="Le livre arrive par un tuyau."))
    line = f"cat piped.pdf | {sys.executable} -m fnt upload - --name piped.pdf -o - | cat"

    done = subprocess.run(
        ["bash", "-c", line], cwd=home.folder, env=home.environ, capture_output=True, check=True
    )

    (job_id,) = job_ids(rest)
    assert done.stdout == rest.get(f"/jobs/{job_id}/result?format=txt").content
    assert rest.job(job_id)["original_filename"] == "piped.pdf"
    assert list(spool.iterdir()) == []


def test_a_reader_that_goes_away_ends_it_silently(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)
    (home.folder / "piped.pdf").write_bytes(make_pdf())
    line = f"{sys.executable} -m fnt upload - --name piped.pdf -o - -q < piped.pdf | true"

    done = subprocess.run(
        ["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"],
        cwd=home.folder, env=home.environ, capture_output=True, check=True,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == (b"141\n", b"")


@pytest.mark.parametrize("blocks", ["100", pytest.param("65536", marks=pytest.mark.faults)])
def test_a_place_without_room_for_standard_input(tmp_path: Path, blocks: str) -> None:
    home = ClientHome(tmp_path, "http://127.0.0.1:9")
    upload = f"{sys.executable} -m fnt upload - --name big.pdf --dry-run"
    line = f"ulimit -f 1000; dd bs={blocks} status=none | {upload}"

    done = subprocess.run(
        ["bash", "-c", line],
        cwd=home.folder, env=home.environ, capture_output=True, check=False,
        input=b"%PDF-" + b"x" * 3_000_000,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.startswith(b"error: standard input cannot be buffered: File too large\n")


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.faults),
        (signal.SIGTERM, 143),
        (signal.SIGKILL, -9),
    ],
)
def test_what_was_kept_of_standard_input_goes_with_the_process(
    number: signal.Signals, code: int, shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    spool = home.folder / "tmp"
    spool.mkdir()
    home.environ["TMPDIR"] = str(spool)
    with subprocess.Popen(
        [sys.executable, "-m", "fnt", "upload", "-", "--name", "slow.pdf"],
        cwd=home.folder, env=home.environ, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as client:  # fmt: skip
        assert client.stdin
        client.stdin.write(b"%PDF-1.7" + b"x" * 2_000_000)
        client.stdin.flush()
        wait_for(lambda: keeps_a_file(client.pid, spool), within_s=10, what="something is kept")

        client.send_signal(number)

        assert client.wait(timeout=10) == code
    assert list(spool.iterdir()) == []
    assert job_ids(rest) == []


def keeps_a_file(pid: int, folder: Path) -> bool:
    """Whether a process has a file of some size open below a folder, with a name or without."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if str(link.readlink()).startswith(str(folder)) and link.stat().st_size > 1_000_000:
                return True
        except OSError:
            continue
    return False


def test_a_list_from_find_holds_every_name(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    make_tree(home.folder / "books")
    line = f"find books -iname '*.pdf' -print0 | {sys.executable} -m fnt upload --files-from - -d"

    done = subprocess.run(
        ["bash", "-c", f"{line} --exclude object.pdf --exclude .hidden.pdf"],
        cwd=home.folder, env=home.environ, capture_output=True, check=True, text=True,
    )  # fmt: skip

    assert sorted(map(int, done.stdout.split())) == sorted(job_ids(rest))
    assert len(done.stdout.split()) == 6


def test_a_rehearsal_needs_no_login_and_no_server(tmp_path: Path) -> None:
    home = ClientHome(tmp_path, "http://127.0.0.1:9")
    make_tree(home.folder / "books")
    (home.folder / "books/odd.pdf").write_bytes(b"no PDF")
    (home.folder / "bad.pdf").write_bytes(b"no PDF")

    def rehearsed(*words: str) -> tuple[int, dict[str, Any]]:
        done = home.run("upload", *words, "--dry-run", "--json")
        return done.returncode, read_document(done.stdout)

    code, document = rehearsed("-r", "books", "-w", "-o", "out")
    assert code == 6
    assert [one["action"] for one in document["upload"]].count("send") == 6
    assert rehearsed("books/plain.pdf")[0] == 0
    assert rehearsed("bad.pdf")[0] == 10
    assert rehearsed("gone.pdf")[0] == 3
    assert not (home.folder / "out").exists()
    assert read_events(home.run("upload", "bad.pdf", "--dry-run", "--jsonl").stdout)


def test_the_first_that_fails_ends_the_run(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    (home.folder / "bad.pdf").write_bytes(b"no PDF")
    (home.folder / "scan.pdf").write_bytes(make_scan_pdf())
    (home.folder / "good.pdf").write_bytes(make_pdf())

    done = home.run("upload", "good.pdf", "bad.pdf", "-w", "--fail-fast", "--json")
    assert (done.returncode, job_ids(rest)) == (6, [])
    assert [entry["job"] for entry in read_document(done.stdout)["jobs"]] == [None, None]

    done = home.run("upload", "scan.pdf", "-w", "--fail-fast", "--json")
    assert done.returncode == 7
    (entry,) = read_document(done.stdout)["jobs"]
    assert entry["error"]["code"] == "PDF_NO_TEXT"

    assert home.run("watch", "@latest", "--fail-fast").returncode == 7


@pytest.mark.faults
@pytest.mark.parametrize("moment", ["while the file is sent", "before its answer"])
def test_a_server_killed_in_an_upload_makes_no_second_job(
    moment: str, make_server: MakeServer, make_client: MakeClient
) -> None:
    server = make_server()
    home, rest = make_client(server)
    (home.folder / "novel.pdf").write_bytes(make_pdf() + b"%" * 3_000_000)
    email = rest.get("/auth/me").json()["email"]
    with proxied(server.port) as proxy:
        through = home.at(proxy.url).login(email)
        sent_before = proxy.bytes_up
        client = through.start("upload", "novel.pdf", "-w", "-o", "out", "--json")
        if moment == "before its answer":
            wait_for(lambda: proxy.bytes_up - sent_before > 10_000, within_s=20, what="it is sent")
            proxy.faults.answer_delay_s = 5.0
            wait_for(lambda: is_uploaded(rest), within_s=60, what="the server has the file")
        else:
            proxy.faults.delay_s = 0.05
            wait_for(lambda: proxy.bytes_up - sent_before > 500_000, within_s=20, what="half")
        server.kill()
        proxy.reset_all()
        proxy.faults.delay_s = proxy.faults.answer_delay_s = 0.0
        server.start()
        out, err = client.communicate(timeout=90)

    assert client.returncode == 0, err
    (entry,) = read_document(out)["jobs"]
    assert job_ids(rest) == [entry["job"]["id"]]
    assert files_below(home.folder / "out") == {"novel.txt"}


def is_uploaded(rest: RestClient) -> bool:
    return any(job["uploaded_at"] for job in rest.get("/jobs").json()["jobs"])
