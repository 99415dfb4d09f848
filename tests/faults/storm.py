"""A storm: people at work, nemeses one after another, calm, and what the history says of it."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from e2e.harness import ServerProcess
from faults.books import Book
from faults.history import Entry, History, Op
from faults.nemeses import NEMESES
from faults.people import Person, fetch_result, list_own, look_around, patiently, read_book

IS_SHORT = bool(os.environ.get("FNT_TEST_SHORT"))
"""Whether only a sample is wanted, as in CI."""

READERS = 2
"""Books a person follows at once."""
CALM_WITHIN_S = 150


@dataclass(kw_only=True)
class Storm:
    """One seed's storm over one server."""

    server: ServerProcess
    people: Sequence[Person]
    books: Sequence[Book]
    history: History
    seed: int
    errors: list[BaseException] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def rage(self, names: Sequence[str]) -> None:
        """Let each nemesis come once, in the seed's order, while everybody is at work."""
        rng = random.Random(self.seed)
        threads = [*self._readers(), *self._lookers()]
        for thread in threads:
            thread.start()
        try:
            for name in rng.sample(list(names), len(names)):
                self._over.wait(rng.uniform(0.5, 3))
                self._note(f"{name} begins")
                NEMESES[name](self.server, rng)
                self._note(f"{name} is over")
        finally:
            self._over.set()
            ends = time.monotonic() + CALM_WITHIN_S
            for thread in threads:
                thread.join(max(0.0, ends - time.monotonic()))
        assert not self.errors, self.errors
        assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
        self._look_at_all()

    def _readers(self) -> list[threading.Thread]:
        def read_on(person: Person, number: int) -> None:
            rng = random.Random(f"{self.seed} {person.name} {number}")
            count = 0
            while not self._over.is_set():
                count += 1
                observer = f"{person.name}-{number}-{count}"
                read_book(person, rng.choice(self.books), observer=observer, rng=rng)

        return [
            self._thread(lambda p=person, n=number: read_on(p, n))
            for person in self.people
            for number in range(READERS)
        ]

    def _lookers(self) -> list[threading.Thread]:
        def look_on(person: Person) -> None:
            rng = random.Random(f"{self.seed} {person.name} looks")
            others = [other for other in self.people if other is not person]
            while not self._over.wait(1):
                look_around(person, others, rng=rng, observer=f"{person.name} looks")

        return [self._thread(lambda p=person: look_on(p)) for person in self.people]

    def _thread(self, act: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                act()
            except BaseException as error:
                self.errors.append(error)

        return threading.Thread(target=run, daemon=True)

    def _look_at_all(self) -> None:
        """Read every accepted job once more, with its result, and all lists."""
        for person in self.people:
            look_at_accepted(person, within_s=CALM_WITHIN_S)

    def _note(self, words: str) -> None:
        self.history.add(Entry(op=Op.NEMESIS, observer="nemesis", note=words))


def look_at_accepted(person: Person, *, within_s: float) -> None:
    """Wait for the end of everything a person was promised, and look at it."""
    observer = f"{person.name} looks at the end"
    entries = person.history.entries()
    accepted = {e.job for e in entries if e.op is Op.UPLOAD and e.http == 202}
    mine = {e.job for e in entries if e.op is Op.CONFIRM and e.user == person.name}
    with person.client(observer) as api:
        for job_id in sorted(job for job in accepted & mine if job is not None):
            with person.session(api) as session:
                for _ in session.watch([job_id]):
                    pass
            job = patiently(lambda job_id=job_id: api.get_job(job_id))
            if job is not None and job.status == "completed":
                fetch_result(api, job_id)
        list_own(person, api, observer)
