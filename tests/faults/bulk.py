"""A bulk import whose processes are killed at random moments, and what must be true at the end."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.harness import ClientHome, RestClient, ServerProcess
from pdfs import TEXT, make_pdf

MOMENTS = ("confirm", "process-pdf", "result", "time")
"""What a kill follows: an answer of the server to one of these, or only time."""
LATEST_S = 4.0
TRIES = 40


def write_books(folder: Path, count: int) -> Mapping[str, Path]:
    """Write books of one page, no two alike, in a few folders; returns them by their names."""
    books = {}
    for number in range(count):
        path = folder / f"shelf-{number % 7}" / f"book-{number:03}.pdf"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_pdf(text=f"Ceci est le livre {number}.\n\n{TEXT}"))
        books[path.name] = path
    return books


@dataclass(slots=True, kw_only=True)
class Import:
    """The same line, run again and again until it ends well."""

    home: ClientHome
    server: ServerProcess
    chance: random.Random
    words: tuple[str, ...] = ("batch", "run", "books", "-o", "out", "-q")
    killed_at: list[dict[str, int]]
    """How the ledger stood after each kill."""
    ends: list[int]
    """Exit codes of runs that were let go on to their end."""

    def run_once(self, *, kill: bool) -> None:
        """Start the line; kill it with -9 at a moment of chance, or let it end."""
        log_from = self.server.log.stat().st_size
        process = self.home.start(*self.words, start_new_session=True)
        if kill:
            self._wait_for_moment(process, log_from)
            process.kill()
        _, err = process.communicate(timeout=240)
        assert "Traceback" not in err, err
        if process.returncode == -signal.SIGKILL:
            self.killed_at.append(self.counts())
        else:
            self.ends.append(process.returncode)
            assert process.returncode in (0, 5), err

    def run_to_the_end(self) -> None:
        """Run the line until there is nothing left to do."""
        for _ in range(TRIES):
            self.run_once(kill=False)
            if self.ends[-1] == 0:
                return
        raise AssertionError(f"it never ended well: {self.ends}")

    def counts(self) -> dict[str, int]:
        """Return how the ledger stands."""
        told = self.home.run("batch", "status", "books", "--json")
        if told.returncode == 3:  # killed before there was a ledger
            return {}
        counts: dict[str, int] = json.loads(told.stdout)["batch"]["counts"]
        return counts

    def _wait_for_moment(self, process: subprocess.Popen[str], log_from: int) -> None:
        """Wait for a few answers of one kind and a moment more, or only for a while."""
        kind, number = self.chance.choice(MOMENTS), self.chance.randint(1, 12)
        ends = time.monotonic() + (
            self.chance.uniform(0.3, LATEST_S) if kind == "time" else LATEST_S
        )
        with self.server.log.open("rb") as log:
            log.seek(log_from)
            seen = b""
            while time.monotonic() < ends and process.poll() is None:
                seen += log.read()
                if kind != "time" and seen.count(f"/{kind} ".encode()) >= number:
                    break
                time.sleep(0.002)  # the moment itself
        time.sleep(self.chance.choice((0, 0.001, 0.003, 0.01)))


class ServerKiller(threading.Thread):
    """Kills the whole server again and again and starts it on the same port."""

    def __init__(self, server: ServerProcess, chance: random.Random, *, kills: int) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._chance = chance
        self._left = kills
        self.kills = 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while self._left:
                time.sleep(self._chance.uniform(1.0, 5.0))  # the moment itself
                self._server.kill()
                time.sleep(self._chance.uniform(0.0, 1.5))  # it stays away
                self._server.start()
                self.kills += 1
                self._left -= 1
        except Exception as error:
            self.failure = error


def check_import(
    folder: Path,
    rest: RestClient,
    books: Mapping[str, Path],
    *,
    expected: Callable[[str], bytes] | None = None,
) -> None:
    """Every book once on the server, once on disk, with the right bytes; and nothing else."""
    jobs = list_all(rest)
    assert Counter(job["original_filename"] for job in jobs) == Counter(list(books))
    assert {job["status"] for job in jobs} == {"completed"}
    assert len({job["sha256"] for job in jobs}) == len(books)
    found = {path for path in (folder / "out").rglob("*") if path.is_file()}
    places = {
        path: path.relative_to(folder / "books").with_suffix(".txt") for path in books.values()
    }
    assert found == {folder / "out" / place for place in places.values()}
    for job in jobs:
        path = folder / "out" / places[books[job["original_filename"]]]
        result = rest.get(f"/jobs/{job['id']}/result?format=txt").content
        assert path.read_bytes() == result
        number = int(path.stem.split("-")[1])
        assert f"le livre {number}." in result.decode()
        if expected is not None:
            assert result == expected(job["original_filename"])
    left = [path for path in (folder / "books").rglob(".*") if not path.name.endswith("lock")]
    assert [path.name for path in left] == [".fnt-batch.ledger"]


def list_all(rest: RestClient) -> list[dict[str, Any]]:
    """Return all jobs of a user."""
    jobs: list[dict[str, Any]] = []
    query = {"limit": "200"}
    while True:
        page = rest.get("/jobs", params=query).json()
        jobs += page["jobs"]
        if page["next_cursor"] is None:
            return jobs
        query["cursor"] = page["next_cursor"]
