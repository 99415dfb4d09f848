"""The long proof: hundreds of crashes, worker kills in mid chunk, hundreds of jobs. Tells figures.

Ends with 1 when a promise was broken. `--crashes`, `--kills` and `--jobs` make it shorter.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from e2e.harness import ServerProcess, children_of, kill_tree, running, wait_for
from faults.books import calm_results, make_books
from faults.checker import Promise, check
from faults.crashes import crash_after_accepting
from faults.history import History, Op
from faults.people import Person, make_person, send
from faults.probes import PARTS, Usage, usage
from faults.record import ended, running_steps, taken_over
from faults.storm import look_at_accepted

FIRST_JOBS = 50
GROWTH = 1.10
SPARE_KIB = 4096
"""Growth below this is the allocator's, whatever share of a small process it is."""
FLAT = 1.05
AGAIN_WITHIN_S = 30.0


class Soak:
    """Books, what they become, and what went wrong so far."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._books = make_books(folder)
        self._oracle = calm_results(self._books, folder)
        self.broken: list[str] = []

    def crash(self, points: int) -> None:
        """Kill everything 0 to 200 ms after each of so many 202s."""
        with self._world("crashes", FNT_LEASE_S="4") as (server, ann):
            for number in range(points):
                after_s = 0.2 * number / points
                crash_after_accepting(
                    server, ann, self._books[number % 3], after_s=after_s, number=number
                )
            look_at_accepted(ann, within_s=600)
            accepted = _accepted(ann)
            self._judge("crashes", ann, within_s=3600)
            self._require(len(accepted) == points, f"{len(accepted)} of {points} jobs accepted")
        tell(f"{points} crash points after a 202: every job lived, ended and has its result")

    def kill(self, times: int) -> None:
        """Kill a worker, or one of its children, in the middle of a chunk, with real leases."""
        rng = random.Random(7)
        again_s = []
        with self._world("kills", FNT_PACE_MS="3000") as (server, ann):
            for number in range(times):
                again_s.append(self._kill_once(server, ann, number, rng))
            self._judge("kills", ann, within_s=120)
        worst = max(again_s)
        self._require(worst <= AGAIN_WITHIN_S, f"running again only after {worst:.1f} s")
        middle = sorted(again_s)[len(again_s) // 2]
        tell(
            f"{times} workers killed in mid chunk: again after {middle:.1f} s, at most {worst:.1f}"
        )

    def load(self, jobs: int) -> None:
        """Run jobs, eight at a time, and compare what the server uses then with soon after."""
        with self._world("load") as (server, ann):
            first = min(FIRST_JOBS, jobs // 2)
            began = time.monotonic()
            self._run_jobs(ann, range(first))
            before = _settled_usage(server)
            self._run_jobs(ann, range(first, jobs))
            after = _settled_usage(server)
            tell(f"{jobs} jobs in {time.monotonic() - began:.0f} s")
            self._judge("load", ann, within_s=600)
        for part in PARTS:
            self._compare(part, before[part], after[part])

    def _kill_once(
        self, server: ServerProcess, ann: Person, number: int, rng: random.Random
    ) -> float:
        with ann.client(f"kill {number}") as api:
            job_id = send(api, self._books[4 + number % 4], key=f"kill-{number}")
            held = wait_for(
                lambda: running_steps(server, job_id=job_id, kind="chunk"),
                within_s=60,
                what="chunks run",
            )
            time.sleep(rng.uniform(0.2, 2))  # how far into the chunk
            worker = server.child("worker")
            if number % 2:
                os.kill(rng.choice(children_of(worker)), signal.SIGKILL)
            else:
                kill_tree(worker)
            killed_at = time.monotonic()
            wait_for(
                lambda: taken_over(server, held) | ended(server, held) == held.keys(),
                within_s=60,
                what="the chunks run again",
            )
            again_s = time.monotonic() - killed_at
        look_at_accepted(ann, within_s=120)
        return again_s

    def _run_jobs(self, ann: Person, numbers: range) -> None:
        def run(number: int) -> None:
            with ann.client(f"load {number}") as api, ann.session(api) as session:
                job_id = send(api, self._books[number % 6], key=f"load-{number}")
                for _ in session.watch([job_id]):
                    pass

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(run, numbers))

    def _compare(self, part: str, before: Usage, after: Usage) -> None:
        tell(f"{part}: {before} -> {after}")
        grown = after.memory_kib > max(before.memory_kib * GROWTH, before.memory_kib + SPARE_KIB)
        self._require(not grown, f"{part}: memory {before.memory_kib} -> {after.memory_kib} KiB")
        for name in ("threads", "handles"):
            low, high = getattr(before, name), getattr(after, name)
            self._require(high <= low * FLAT + 2, f"{part}: {name} {low} -> {high}")

    def _judge(self, what: str, ann: Person, *, within_s: float) -> None:
        look_at_accepted(ann, within_s=within_s)
        found = check(ann.history.entries(), Promise(oracle=self._oracle, within_s=within_s))
        self.broken += [f"{what}: {words}" for words in found]

    def _require(self, holds: bool, words: str) -> None:
        if not holds:
            self.broken.append(words)

    @contextmanager
    def _world(self, name: str, **environ: str) -> Iterator[tuple[ServerProcess, Person]]:
        # an access token is to outlive the longest part
        environ = {"FNT_WORKERS": "2", "FNT_ACCESS_TTL_S": "86400", **environ}
        server = ServerProcess(self._folder / name, **environ)
        with closing(History(self._folder / f"{name}.jsonl")) as history, running(server):
            yield server, make_person(server, "ann", history)


def tell(words: str) -> None:
    """Say a figure."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _accepted(person: Person) -> set[int | None]:
    return {e.job for e in person.history.entries() if e.op is Op.UPLOAD and e.http == 202}


def _settled_usage(server: ServerProcess) -> Mapping[str, Usage]:
    """Return the usage once connections that were closed are gone."""
    time.sleep(12)
    return usage(server)


def main() -> int:
    """Run all three parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder))
        if options.jobs:
            soak.load(options.jobs)
        if options.kills:
            soak.kill(options.kills)
        if options.crashes:
            soak.crash(options.crashes)
    for words in soak.broken:
        tell(f"BROKEN {words}")
    return 1 if soak.broken else 0


if __name__ == "__main__":
    sys.exit(main())
