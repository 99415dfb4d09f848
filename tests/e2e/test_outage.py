"""A web process that is away for a while: everything that was sent is on disk in the end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, wait_for
from faults.bulk import list_all, write_books
from schemas import read_document

MakeServer = Callable[..., ServerProcess]
MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]

BOOKS = 40
AWAY_S = 5.0
LINES = {
    "upload": ("upload", "-r", "books", "--watch", "-o", "out", "--json"),
    "batch": ("batch", "run", "books", "-o", "out", "--json"),
}


def stop_for_a_while(server: ServerProcess) -> None:
    web = server.child("web")
    os.kill(web, signal.SIGSTOP)
    time.sleep(AWAY_S)  # the outage itself
    os.kill(web, signal.SIGCONT)


def restart(server: ServerProcess) -> None:
    server.kill()
    time.sleep(AWAY_S)  # the outage itself
    server.start()


@pytest.mark.faults
@pytest.mark.timeout(240)
@pytest.mark.parametrize("outage", [stop_for_a_while, restart])
@pytest.mark.parametrize("command", list(LINES))
def test_every_book_is_saved_once_the_server_is_back(
    make_server: MakeServer,
    make_client: MakeClient,
    command: str,
    outage: Callable[[ServerProcess], None],
) -> None:
    server = make_server()
    home, rest = make_client(server)
    write_books(home.folder / "books", BOOKS)
    process = home.start(*LINES[command])
    out = home.folder / "out"
    wait_for(lambda: len(list(out.rglob("*.txt"))) >= 3, within_s=60, what="some are saved")

    outage(server)
    told, err = process.communicate(timeout=170)

    assert process.returncode == 0, err
    document = read_document(told)
    assert document["counts"] == {"completed": BOOKS}
    assert len(list(out.rglob("*.txt"))) == BOOKS
    assert len(list_all(rest)) == BOOKS


def test_the_same_upload_line_goes_on_where_it_was_interrupted(
    paced_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(paced_server)
    write_books(home.folder / "books", 6)
    line = ("upload", "-r", "books", "--watch", "-o", "out")
    process = home.start(*line)
    out = home.folder / "out"
    wait_for(lambda: list(out.rglob("*.txt")), within_s=60, what="one is saved")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)
    assert (process.returncode, "Traceback" in err) == (130, False)
    saved = {path: path.stat().st_mtime_ns for path in out.rglob("*.txt")}
    assert len(saved) < 6

    home.run_ok(*line)

    assert len(list(out.rglob("*.txt"))) == 6
    assert {path: path.stat().st_mtime_ns for path in saved} == saved
    assert len(list_all(rest)) == 6
    assert list((home.folder).rglob("unfinished/*.ledger")) == []


def test_the_first_of_many_is_sent_within_a_moment(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)
    write_books(home.folder / "books", 63)
    process = home.start("upload", "-r", "books", "--detach", "--jsonl")
    assert process.stdout
    begun_at: float | None = None
    for text in process.stdout:
        if "upload.progress" in text and begun_at is None:
            begun_at = time.monotonic()  # the rows appear: the client itself has started
        if "job.progress" in text and begun_at is not None:
            took_s = time.monotonic() - begun_at
            break
    process.kill()  # the others need not be sent
    process.communicate(timeout=60)

    assert took_s < 5.0  # 1 s when quiet; a whole preflight took 16
