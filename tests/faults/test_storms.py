"""Whatever is killed, frozen, locked, filled or cut: the history keeps every promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from e2e.harness import ServerProcess
from faults.books import Book
from faults.checker import Promise, check
from faults.history import History
from faults.nemeses import NEMESES
from faults.people import make_person
from faults.storm import IS_SHORT, Storm

SEEDS = (1,) if IS_SHORT else (1, 2, 3)
QUICK = ("kill_web", "kill_worker", "kill_broker", "kill_supervisor", "storm_connections")


@pytest.mark.faults
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", SEEDS)
def test_storm_breaks_no_promise(
    seed: int,
    server: ServerProcess,
    history: History,
    books: Sequence[Book],
    oracle: Mapping[str, str],
) -> None:
    people = [make_person(server, name, history) for name in ("ann", "ben", "cleo")]
    names = QUICK if IS_SHORT else tuple(NEMESES)

    storm = Storm(server=server, people=people, books=books, history=history, seed=seed)
    storm.rage(names)

    promise = Promise(
        oracle=oracle, within_s=180, failures={"STORAGE_FULL"} if "fill_disk" in names else ()
    )
    assert check(history.entries(), promise) == []
    assert len({entry.job for entry in history.entries() if entry.http == 202}) >= len(names)
