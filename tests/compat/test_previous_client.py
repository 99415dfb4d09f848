"""The previous release and this one talk to each other, as client, server and worker."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from compat.leftovers import unpack
from compat.processes import Client, Release, Rest, Server, log_in, serving

pytestmark = pytest.mark.faults

EMAIL, PASSWORD = "reader@example.org", "correct horse battery"
BOOKS = 4
SLOW = {"FNT_PACE_MS": "200", "FNT_WORKERS": "1"}


@pytest.fixture(scope="module", params=["previous client", "previous server"])
def pair(
    request: pytest.FixtureRequest,
    current: Release,
    previous: Release,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Client, Server]]:
    """A client of one release, logged in to a server of the other."""
    folder = tmp_path_factory.mktemp("pair")
    client, server = (previous, current) if "client" in request.param else (current, previous)
    running = Server(release=server, data_dir=folder / "data", environ=SLOW)
    running.add_user(EMAIL, PASSWORD)
    with serving(running):
        home = Client.at(client, folder / "home", url=running.url).log_in(EMAIL, PASSWORD)
        unpack("home.tar.xz", folder / "files")
        (folder / "files/home/library/books/.fnt-batch.ledger").unlink()
        for path in (folder / "files/home/library/books").glob(".*"):
            path.unlink()
        (folder / "files/home/library/books").rename(home.cwd / "books")
        for book in sorted((home.cwd / "books").glob("*.pdf"))[BOOKS:]:
            book.unlink()
        yield home, running


def test_upload_is_watched_and_saved(pair: tuple[Client, Server]) -> None:
    client, server = pair

    document = client.json("upload", "books/livre-01.pdf", "--watch", "-f", "txt", "-o", "saved")

    (entry,) = document["jobs"]
    assert (document["exit_code"], entry["job"]["status"]) == (0, "completed")
    with Rest(server.url, token=log_in(server.url, EMAIL, PASSWORD)) as rest:
        assert (client.cwd / "saved/livre-01.txt").read_bytes() == rest.result(
            entry["job"]["id"], "txt"
        )


def test_a_job_is_watched_live_downloaded_and_listed(pair: tuple[Client, Server]) -> None:
    client, server = pair
    with Rest(server.url, token=log_in(server.url, EMAIL, PASSWORD)) as rest:
        book = (client.cwd / "books/livre-02.pdf").read_bytes()
        number = rest.send(book, name="livre-02.pdf")

        events = client.run_ok("watch", str(number), "--no-save", "--jsonl").splitlines()
        client.run_ok("download", str(number), "-f", "json", "-o", "fetched.json")

        assert json.loads(events[-1])["exit_code"] == 0
        assert (client.cwd / "fetched.json").read_bytes() == rest.result(number, "json")
    listed = {entry["job"]["id"] for entry in client.json("jobs", "list")["jobs"]}
    assert number in listed


def test_a_library_is_imported_once(pair: tuple[Client, Server]) -> None:
    client, _ = pair
    line = ("batch", "run", "books", "-o", "out", "-f", "txt")

    assert len(client.run_ok(*line).splitlines()) == BOOKS
    assert client.run_ok(*line) == ""
    assert len(list((client.cwd / "out").glob("*.txt"))) == BOOKS
