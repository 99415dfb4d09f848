"""The checker: a good history passes, and each promise can be seen broken."""

from __future__ import annotations

from typing import Any

import pytest

from faults.checker import RULES, Promise, check
from faults.history import Entry, Op

PROMISE = Promise(oracle={"novel": "right"}, within_s=60)


def entry(op: Op, clock: float, **fields: Any) -> Entry:
    values = {"observer": "ann-1", "user": "ann", "began": clock - 0.1, "http": 200, **fields}
    return Entry(op=op, clock=clock, **values)


def seen(clock: float, version: int, status: str, progress: int, **fields: Any) -> Entry:
    values = {"op": Op.SHOWN, "observer": "ann's watch", "job": 1, **fields}
    return entry(
        values.pop("op"), clock, version=version, status=status, progress=progress, **values
    )


def good() -> list[Entry]:
    """Ann's job 1 completes, her job 2 is cancelled; Ben has job 3."""
    return [
        entry(Op.CONFIRM, 1, key="k1", job=1, http=201, book="novel"),
        entry(Op.CONFIRM, 2, key="k1", job=1),
        entry(Op.UPLOAD, 3, job=1, http=202),
        entry(Op.CONFIRM, 4, key="k2", job=2, http=201, book="novel"),
        entry(Op.UPLOAD, 5, job=2, http=202),
        entry(Op.CONFIRM, 5, key="k3", job=3, http=201, user="ben", book="novel"),
        entry(Op.LIST, 6, ids=(2, 1)),
        entry(Op.READ, 6, job=3, http=404),
        seen(7, 2, "pending", 0),
        seen(8, 3, "processing", 5),
        seen(9, 5, "processing", 15),
        seen(9, 5, "processing", 15, op=Op.READ, observer="ann's polls"),
        seen(10, 5, "processing", 15, op=Op.READ, observer="ann's polls"),
        entry(Op.CANCEL, 10, job=2),
        seen(11, 4, "cancelled", 5, job=2),
        seen(12, 9, "completed", 100),
        entry(Op.RESULT, 13, job=1, sha256="right"),
        entry(Op.LIST, 14, ids=(2, 1)),
        seen(15, 9, "completed", 100, op=Op.READ, observer="ann's polls"),
    ]


def without(*ops: Op) -> list[Entry]:
    return [entry for entry in good() if entry.op not in ops]


def broken(*more: Entry, base: list[Entry] | None = None) -> set[str]:
    """Return the names of the rules that a history breaks."""
    found = check([*(good() if base is None else base), *more], PROMISE)
    return {words.partition(":")[0] for words in found}


def test_good_history_breaks_nothing() -> None:
    assert check(good(), PROMISE) == []


CASES: dict[str, list[tuple[str, list[Entry], list[Entry] | None]]] = {
    "accepted_is_listed": [("missing", [entry(Op.LIST, 16, ids=(2,))], None)],
    "accepted_ends_once": [
        ("never", [entry(Op.UPLOAD, 16, job=4, http=202)], None),
        (
            "late",
            [
                entry(Op.UPLOAD, 16, job=4, http=202),
                entry(Op.CANCEL, 17, job=4),
                seen(80, 4, "cancelled", 5, job=4),
            ],
            None,
        ),
        ("twice", [seen(16, 5, "failed", 100, job=2, code="STORAGE_FULL")], None),
    ],
    "end_is_deserved": [
        ("cancelled by nobody", [], without(Op.CANCEL)),
        ("failed of nothing", [seen(16, 9, "failed", 100, code="INTERNAL")], None),
    ],
    "end_never_changes": [
        ("another version", [seen(16, 10, "completed", 100, observer="late")], None),
        ("alive again", [seen(16, 8, "processing", 75, op=Op.READ, observer="late")], None),
    ],
    "observers_see_no_fall": [
        ("version falls", [seen(9.5, 4, "processing", 15)], None),
        ("shown twice", [seen(9.5, 5, "processing", 15)], None),
        ("progress falls", [seen(9.5, 6, "processing", 10)], None),
        (
            "a poll falls",
            [seen(10.5, 4, "processing", 15, op=Op.READ, observer="ann's polls")],
            None,
        ),
    ],
    "progress_is_honest": [
        ("no such step", [seen(9.5, 6, "processing", 80)], None),
        ("full too early", [seen(9.5, 6, "processing", 100, observer="other")], None),
        ("completed at less", [seen(16, 9, "completed", 75, observer="other")], None),
        ("cancelled at all", [seen(16, 4, "cancelled", 100, job=2, observer="other")], None),
    ],
    "key_makes_one_job": [
        ("two jobs", [entry(Op.CONFIRM, 16, key="k1", job=7)], None),
        ("two keys", [entry(Op.CONFIRM, 16, key="k9", job=1)], None),
    ],
    "result_is_right": [
        ("other bytes", [entry(Op.RESULT, 16, job=1, sha256="wrong")], None),
        ("refused", [entry(Op.RESULT, 16, job=1, http=409)], None),
        ("not looked at", [], without(Op.RESULT)),
    ],
    "nobody_sees_anothers": [
        ("read", [entry(Op.READ, 16, job=3)], None),
        ("listed", [entry(Op.LIST, 16, ids=(3, 2, 1))], None),
        ("shown", [seen(16, 2, "pending", 0, job=3)], None),
    ],
    "nothing_is_a_mistake": [("500", [entry(Op.OTHER, 16, http=500)], None)],
}


@pytest.mark.parametrize(
    ("rule", "more", "base"),
    [
        pytest.param(rule, more, base, id=f"{rule} {name}")
        for rule, cases in CASES.items()
        for name, more, base in cases
    ],
)
def test_broken_promise_is_found(rule: str, more: list[Entry], base: list[Entry] | None) -> None:
    assert rule in broken(*more, base=base)


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == {rule.__name__ for rule in RULES}


def test_failure_that_the_fault_explains_is_allowed() -> None:
    history = [
        entry(Op.UPLOAD, 1, job=1, http=202),
        seen(2, 3, "failed", 100, code="STORAGE_FULL"),
    ]

    assert check(history, Promise(oracle={}, within_s=60, failures={"STORAGE_FULL"})) == []
    assert broken(base=history) == {"end_is_deserved"}


def test_answers_that_crossed_on_their_way_are_no_fall() -> None:
    history = [
        seen(2, 5, "processing", 15, op=Op.READ),
        seen(3, 4, "processing", 10, op=Op.READ, began=1.0),
    ]

    assert broken(base=history) == set()
