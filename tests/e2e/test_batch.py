"""`fnt batch` against a real server: exactly once, whoever dies, and one line to go on with."""

from __future__ import annotations

import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, wait_for
from faults.bulk import Import, check_import, list_all, write_books
from pdfs import make_pdf
from schemas import read_document, read_events

MakeServer = Callable[..., ServerProcess]
MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
LINE = ("batch", "run", "books", "-o", "out")


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_library_is_imported_once_and_the_line_again_does_nothing(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    books = write_books(home.folder / "books", 5)

    out = home.run_ok(*LINE)

    assert sorted(out.splitlines()) == sorted(
        f"out/{path.relative_to(home.folder / 'books').with_suffix('.txt')}"
        for path in books.values()
    )
    check_import(home.folder, rest, books)
    before = stamps(home.folder / "out")
    assert home.run_ok(*LINE) == ""
    assert stamps(home.folder / "out") == before
    assert len(list_all(rest)) == 5


def test_a_broken_book_stops_no_other_and_is_tried_again(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    write_books(home.folder / "books", 3)
    (home.folder / "books" / "bad.pdf").write_bytes(b"%PDF-1.7\n" + b"\xff" * 500)
    (home.folder / "books" / "not.pdf").write_bytes(b"a text")

    done = home.run(*LINE, "--json", "--junit", "r.xml")

    document = read_document(done.stdout)
    assert (done.returncode, document["exit_code"]) == (6, 6)
    assert document["batch"]["counts"] == {"done": 3, "failed": 1, "refused": 1}
    codes = {job["file"]: job["error"] and job["error"]["code"] for job in document["jobs"]}
    assert (codes["bad.pdf"], codes["not.pdf"]) == ("PDF_DAMAGED", "NOT_A_PDF")
    assert 'failures="2"' in (home.folder / "r.xml").read_text()
    assert home.run(*LINE).returncode == 6
    assert len(list_all(rest)) == 4

    for name in ("bad", "not"):
        (home.folder / "books" / f"{name}.pdf").write_bytes(make_pdf(text=f"Livre {name}."))
    assert sorted(home.run_ok("batch", "retry", "books").splitlines()) == [
        "out/bad.txt",
        "out/not.txt",
    ]
    assert len(list_all(rest)) == 6
    assert home.run_ok(*LINE) == ""


@pytest.mark.faults
@pytest.mark.timeout(240)
def test_killed_again_and_again_each_book_is_one_job_and_one_file(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    books = write_books(home.folder / "books", 30)
    importing = Import(
        home=home, server=shared_server, chance=random.Random(7), killed_at=[], ends=[]
    )

    while len(importing.killed_at) < 5 and 0 not in importing.ends:
        importing.run_once(kill=True)
    importing.run_to_the_end()

    assert importing.killed_at
    check_import(home.folder, rest, books)
    assert home.run_ok(*LINE) == ""
    assert len(list_all(rest)) == 30


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.faults), signal.SIGTERM]
)
def test_stopped_in_the_middle_it_says_how_to_go_on(
    paced_server: ServerProcess, make_client: MakeClient, number: signal.Signals
) -> None:
    home, rest = make_client(paced_server)
    books = write_books(home.folder / "books", 4)
    process = home.start(*LINE, "--jsonl")
    wait_for(lambda: len(list_all(rest)) >= 2, within_s=30, what="books were sent")

    process.send_signal(number)
    out, err = process.communicate(timeout=15)

    assert process.returncode == 128 + number
    assert read_events(out)[-1]["exit_code"] == 128 + number
    assert "resume with: fnt batch run books --output out --jsonl" not in err
    assert "resume with: fnt batch run books --output out" in err
    assert "Traceback" not in err
    home.run_ok("batch", "run", "books", "--output", "out")
    check_import(home.folder, rest, books)


@pytest.mark.faults
def test_a_server_with_little_room_is_waited_for(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    home, rest = make_client(make_server(FNT_MAX_USER_JOBS="2"))
    books = write_books(home.folder / "books", 5)

    home.run_ok(*LINE, "-j", "4", timeout_s=170)

    check_import(home.folder, rest, books)


def test_a_second_run_at_the_same_time_is_refused(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    home, rest = make_client(make_server(FNT_PACE_MS="60000"))
    write_books(home.folder / "books", 1)
    first = home.start(*LINE)
    wait_for(lambda: list_all(rest), within_s=30, what="the first is at work")

    second = home.run(*LINE)

    assert second.returncode == 5
    assert second.stderr == ("error: another run is using books/.fnt-batch.ledger\n")
    assert "1 book: 1 running" in home.run("batch", "status", "books").stderr
    first.kill()
    first.communicate()
    over = home.run(*LINE, "--timeout", "2s")
    assert (over.returncode, "1 book left" in over.stderr) == (8, True), over.stderr


@pytest.mark.faults
def test_the_server_away_is_told_and_the_line_goes_on_later(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    server = make_server()
    home, rest = make_client(server)
    books = write_books(home.folder / "books", 3)
    server.kill()

    assert home.run(*LINE, "--give-up", "1s").returncode == 5
    assert not (home.folder / "out").exists()

    server.start()
    home.run_ok(*LINE)
    check_import(home.folder, rest, books)


def test_another_account_is_refused(shared_server: ServerProcess, make_client: MakeClient) -> None:
    (ann, _), (bob, rest) = make_client(shared_server), make_client(shared_server)
    write_books(ann.folder / "books", 1)
    ann.run_ok(*LINE)

    done = bob.run("batch", "run", str(ann.folder / "books"), "-o", "out")

    assert done.returncode == 2
    assert "belongs to" in done.stderr
    assert list_all(rest) == []
