"""fnt.output.renderer: goals and the ticker."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from builders import make_snapshot
from fnt.output.renderer import DoneCriteria, Renderer, Ticker
from fnt.progress import ProgressState, Row, Saved, SaveFailed, Update, reduce
from fnt.wire.job_status import JobStatus
from world import completed, ended


def row_after(*updates: Update) -> Row:
    state = ProgressState()
    for update in updates:
        state = reduce(state, update, now=1.0)
    return next(iter(state.rows.values()))


@pytest.mark.parametrize(
    ("criteria", "updates", "expected"),
    [
        (DoneCriteria(), [make_snapshot()], False),
        (DoneCriteria(accepted=True), [make_snapshot()], True),
        (DoneCriteria(), [completed()], True),
        (DoneCriteria(outputs=1), [completed()], False),
        (DoneCriteria(outputs=1), [completed(), Saved(job_id=12, path=Path("a.txt"))], True),
        (DoneCriteria(outputs=2), [completed(), Saved(job_id=12, path=Path("a.txt"))], False),
        (DoneCriteria(outputs=1), [completed(), SaveFailed(job_id=12, message="full")], True),
        (DoneCriteria(outputs=1), [ended(JobStatus.FAILED)], True),
        (DoneCriteria(outputs=1), [ended(JobStatus.CANCELLED)], True),
    ],
)
def test_goal_is_reached(criteria: DoneCriteria, updates: list[Update], expected: bool) -> None:
    assert criteria.is_reached(row_after(*updates)) is expected


def test_ticker_ticks_until_it_is_left() -> None:
    ticks = threading.Semaphore(0)

    with Ticker(ticks.release, every_s=0.001):
        assert ticks.acquire(timeout=5)
        assert ticks.acquire(timeout=5)

    assert not any(thread.name == "fnt-ticker" for thread in threading.enumerate())


def broken_tick(happened: threading.Event) -> None:
    happened.set()
    raise RuntimeError("a bug")


def test_an_exception_from_a_tick_is_raised() -> None:
    happened = threading.Event()

    with (
        pytest.raises(RuntimeError, match="a bug"),
        Ticker(lambda: broken_tick(happened), every_s=0.001),
    ):
        assert happened.wait(5)


def test_an_exception_from_a_tick_hides_no_other() -> None:
    happened = threading.Event()

    with (
        pytest.raises(KeyboardInterrupt),
        Ticker(lambda: broken_tick(happened), every_s=0.001),
    ):
        assert happened.wait(5)
        raise KeyboardInterrupt


def test_the_plain_base_shows_nothing() -> None:
    with Renderer() as renderer:
        renderer.render(ProgressState())
        renderer.tick()
        renderer.set_keys("x")

    assert not renderer.has_keys
