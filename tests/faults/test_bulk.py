"""Two hundred books, twenty kills: each book once on the server, once on disk."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from faults.bulk import Import, ServerKiller, check_import, list_all, write_books
from faults.storm import IS_SHORT

BOOKS = 40 if IS_SHORT else 200
KILLS = 5 if IS_SHORT else 20
SERVER_KILLS = 3 if IS_SHORT else 25
PACE_MS = 2000 if IS_SHORT else 0
"""Of a step: an import of few books would end before the last kill.

Forty books, two at a time, last 40 s; five kills take 25 s at the latest.
"""


@pytest.fixture
def calm(tmp_path: Path, server: ServerProcess) -> Callable[[str], bytes]:
    """Return a function from a book to its result in another account, where nobody disturbs."""
    server.add_user("calm@example.org")
    results: dict[str, bytes] = {}

    def result(name: str) -> bytes:
        if not results:
            results.update(calm_results(RestClient(server.url, "calm@example.org"), tmp_path))
        return results[name]

    return result


def calm_results(rest: RestClient, folder: Path) -> dict[str, bytes]:
    """Send every book once, by other means, and return what each becomes."""
    paths = (folder / "home" / "books").rglob("*.pdf")
    jobs = {path.name: rest.submit(path.read_bytes(), name=path.name) for path in paths}
    results = {}
    for name, job_id in jobs.items():
        rest.wait_until(job_id, lambda job: job["status"] == "completed", within_s=240)
        results[name] = rest.get(f"/jobs/{job_id}/result?format=txt").content
    rest.close()
    return results


def set_pace(server: ServerProcess, pace_ms: int) -> None:
    """Start the server anew with so much time a step."""
    server.environ["FNT_PACE_MS"] = str(pace_ms)
    server.kill()
    server.start()


@pytest.mark.bulk
@pytest.mark.timeout(900)
@pytest.mark.parametrize("server_too", [False, True], ids=["client", "client and server"])
def test_every_book_once_whoever_is_killed(
    tmp_path: Path, server: ServerProcess, calm: Callable[[str], bytes], server_too: bool
) -> None:
    set_pace(server, PACE_MS)
    server.add_user("ann@example.org")
    home = ClientHome(tmp_path / "home", server.url).login("ann@example.org")
    books = write_books(home.folder / "books", BOOKS)
    chance = random.Random(f"{server_too}-bulk")
    importing = Import(home=home, server=server, chance=chance, killed_at=[], ends=[])
    killer = ServerKiller(server, random.Random(5), kills=SERVER_KILLS if server_too else 0)

    killer.start()
    while len(importing.killed_at) < KILLS and 0 not in importing.ends:
        importing.run_once(kill=True)
    importing.run_to_the_end()  # the server may still be killed under it
    killer.join(timeout=300)
    set_pace(server, 0)

    rest = RestClient(server.url, "ann@example.org")
    try:
        assert killer.failure is None
        assert len(importing.killed_at) == KILLS, importing.killed_at
        check_import(home.folder, rest, books, expected=calm)
        before = {path: path.stat().st_mtime_ns for path in (home.folder / "out").rglob("*")}
        assert home.run(*importing.words).returncode == 0
        assert len(list_all(rest)) == BOOKS
        assert before == {p: p.stat().st_mtime_ns for p in (home.folder / "out").rglob("*")}
    finally:
        rest.close()
    sys.stderr.write(f"\nkilled at {importing.killed_at}\nserver killed {killer.kills} times\n")
