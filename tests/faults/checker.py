"""Whether a history keeps the server's promises. Pure: entries in, violations out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from faults.history import Entry, Op

PROGRESS = frozenset({0, 5, 10, *range(15, 76), 100})
ENDED = frozenset({"completed", "failed", "cancelled"})
OBSERVED = frozenset({Op.READ, Op.SHOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is held against a history."""

    oracle: Mapping[str, str]
    """SHA-256 of the right result, by book."""
    within_s: float
    """How long after its 202 a job may take to its end."""
    failures: Collection[str] = ()
    """Error codes with which a job may end here: what the fault takes away, the job must say."""


class _Facts:
    """A history, sorted by what the rules ask for."""

    def __init__(self, entries: Sequence[Entry], promise: Promise) -> None:
        self.entries = sorted(entries, key=lambda entry: entry.clock)
        self.promise = promise
        self.owners: dict[int, str] = {}
        self.books: dict[int, str] = {}
        self.accepted: dict[int, Entry] = {}
        self.seen: dict[int, list[Entry]] = defaultdict(list)
        self.cancels: set[int] = set()
        for entry in self.entries:
            self._sort(entry)

    def _sort(self, entry: Entry) -> None:
        if entry.job is None:
            return
        if entry.op is Op.CONFIRM and entry.http in (200, 201):
            self.owners.setdefault(entry.job, entry.user)
        elif entry.op is Op.UPLOAD and entry.http == 202:
            self.accepted.setdefault(entry.job, entry)
        elif entry.op is Op.CANCEL:
            self.cancels.add(entry.job)
        elif entry.op in OBSERVED and entry.version is not None:
            self.seen[entry.job].append(entry)
        if entry.book is not None:
            self.books[entry.job] = entry.book


Rule = Callable[[_Facts], Iterator[str]]


def check(entries: Sequence[Entry], promise: Promise) -> list[str]:
    """Return every broken promise, in words."""
    facts = _Facts(entries, promise)
    return [f"{rule.__name__}: {words}" for rule in RULES for words in rule(facts)]


def accepted_is_listed(facts: _Facts) -> Iterator[str]:
    """Each job answered 202 is in every later list of its owner."""
    lists = [entry for entry in facts.entries if entry.op is Op.LIST]
    for job, accepted in facts.accepted.items():
        for entry in lists:
            is_later = entry.user == accepted.user and entry.began >= accepted.clock
            if is_later and job not in entry.ids:
                yield f"job {job} is missing in a list of {entry.user}"


def accepted_ends_once(facts: _Facts) -> Iterator[str]:
    """Each job answered 202 reaches exactly one end, in time."""
    for job, accepted in facts.accepted.items():
        ends = [entry for entry in facts.seen[job] if entry.status in ENDED]
        if not ends:
            yield f"job {job} has not ended"
        elif ends[0].clock - accepted.clock > facts.promise.within_s:
            yield f"job {job} took {ends[0].clock - accepted.clock:.0f} s"
        if len({entry.status for entry in ends}) > 1:
            yield f"job {job} ended as {sorted({str(entry.status) for entry in ends})}"


def end_is_deserved(facts: _Facts) -> Iterator[str]:
    """A job is cancelled only when somebody asked, and fails only of what was taken away."""
    for job in facts.accepted:
        for entry in facts.seen[job]:
            if entry.status == "cancelled" and job not in facts.cancels:
                yield f"job {job} was cancelled by nobody"
                break
            if entry.status == "failed" and entry.code not in facts.promise.failures:
                yield f"job {job} failed with {entry.code}"
                break


def end_never_changes(facts: _Facts) -> Iterator[str]:
    """What a job ended as stays, for everybody, to the last field."""
    for job, seen in facts.seen.items():
        ends = [entry for entry in seen if entry.status in ENDED]
        if len({(e.status, e.version, e.progress, e.code) for e in ends}) > 1:
            yield f"job {job} changed after its end"
        first = min((entry.clock for entry in ends), default=math.inf)
        for entry in seen:
            is_late_answer = entry.op is Op.READ and entry.began > first
            if is_late_answer and entry.status not in ENDED:
                yield f"job {job} was {entry.status} after its end"


def observers_see_no_fall(facts: _Facts) -> Iterator[str]:
    """For each observer versions rise and progress never falls."""
    for job, seen in facts.seen.items():
        by_observer: dict[str, list[Entry]] = defaultdict(list)
        for entry in seen:
            by_observer[entry.observer].append(entry)
        for observer, entries in by_observer.items():
            for before, after in pairwise(entries):
                if _falls(before, after):
                    yield (
                        f"{observer} saw job {job} at version {after.version}, "
                        f"{after.progress} %, after {before.version}, {before.progress} %"
                    )


def _falls(before: Entry, after: Entry) -> bool:
    if after.op is Op.READ and after.began < before.clock:
        return False  # asked before the other answer came: neither is the later one
    must_rise = Op.SHOWN in (before.op, after.op) and before.op is after.op
    lowest = (before.version or 0) + must_rise
    return (after.version or 0) < lowest or (after.progress or 0) < (before.progress or 0)


def progress_is_honest(facts: _Facts) -> Iterator[str]:
    """Progress takes the steps it is said to take; 100 is for what completed or failed."""
    for job, seen in facts.seen.items():
        for entry in seen:
            is_full = entry.status in ("completed", "failed")
            if entry.progress not in PROGRESS or (entry.progress == 100) != is_full:
                yield f"job {job} was {entry.status} at {entry.progress} %"


def key_makes_one_job(facts: _Facts) -> Iterator[str]:
    """The same Idempotency-Key always gives the same job, another key another one."""
    jobs: dict[str, set[int]] = defaultdict(set)
    keys: dict[int, set[str]] = defaultdict(set)
    for entry in facts.entries:
        if entry.op is Op.CONFIRM and entry.job is not None and entry.key is not None:
            jobs[entry.key].add(entry.job)
            keys[entry.job].add(entry.key)
    yield from (f"key {key} gave jobs {sorted(ids)}" for key, ids in jobs.items() if len(ids) > 1)
    yield from (f"job {job} was given for {sorted(ks)}" for job, ks in keys.items() if len(ks) > 1)


def result_is_right(facts: _Facts) -> Iterator[str]:
    """A completed job has a result, the same bytes as when nothing goes wrong."""
    got = {entry.job: entry for entry in facts.entries if entry.op is Op.RESULT}
    for job in facts.accepted:
        is_completed = any(entry.status == "completed" for entry in facts.seen[job])
        if is_completed and job not in got:
            yield f"job {job} completed and nobody looked at its result"
    for entry in facts.entries:
        if entry.op is Op.RESULT and entry.job is not None:
            book = facts.books.get(entry.job, "")
            if entry.http != 200 or entry.sha256 != facts.promise.oracle.get(book):
                yield f"job {entry.job} ({book}) has another result ({entry.http})"


def nobody_sees_anothers(facts: _Facts) -> Iterator[str]:
    """Nobody is ever shown a job of somebody else."""
    for entry in facts.entries:
        shown = [*entry.ids, *([entry.job] if entry.job is not None and entry.http != 404 else [])]
        if entry.op in (Op.READ, Op.SHOWN, Op.LIST, Op.RESULT):
            for job in shown:
                if facts.owners.get(job, entry.user) != entry.user:
                    yield f"{entry.user} saw job {job} of {facts.owners[job]}"


def nothing_is_a_mistake(facts: _Facts) -> Iterator[str]:
    """Whatever is broken, no request is answered with 500."""
    for entry in facts.entries:
        if entry.http == 500:
            yield f"{entry.op} by {entry.observer} was answered 500 ({entry.note})"


RULES: Sequence[Rule] = (
    accepted_is_listed,
    accepted_ends_once,
    end_is_deserved,
    end_never_changes,
    observers_see_no_fall,
    progress_is_honest,
    key_makes_one_job,
    result_is_right,
    nobody_sees_anothers,
    nothing_is_a_mistake,
)
