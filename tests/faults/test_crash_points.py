"""Right after its 202 a job is kept, whenever everything dies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from e2e.harness import ServerProcess
from faults.books import Book
from faults.checker import Promise, check
from faults.crashes import crash_after_accepting
from faults.history import History
from faults.people import make_person
from faults.storm import IS_SHORT, look_at_accepted

POINTS = 5 if IS_SHORT else 20
LAST_S = 0.2


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_job_lives_when_everything_is_killed_after_its_202(
    server: ServerProcess, history: History, books: Sequence[Book], oracle: Mapping[str, str]
) -> None:
    ann = make_person(server, "ann", history)

    jobs = [
        crash_after_accepting(
            server, ann, books[number % 3], after_s=LAST_S * number / POINTS, number=number
        )
        for number in range(POINTS)
    ]
    look_at_accepted(ann, within_s=120)

    assert check(history.entries(), Promise(oracle=oracle, within_s=240)) == []
    assert len(set(jobs)) == POINTS
