"""fnt.output.formatting: rows and figures as text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from builders import MOMENT, make_snapshot
from fnt.output.formatting import (
    Stage,
    count,
    data_rate,
    duration,
    plural,
    run_time_s,
    stage_of,
    tally,
    time_left,
    total_left_s,
)
from fnt.progress import ProgressState, RetiredCounts, Row
from fnt.wire.job_status import JobStatus
from world import completed


def make_row(**changes: Any) -> Row:
    values = {"key": "k", "title": "novel.pdf", "started_at": 0.0, "changed_at": 0.0}
    return Row(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"status": JobStatus.PENDING}, Stage.WAITING),
        ({"progress_percent": 5}, Stage.ANALYZING),
        ({"progress_percent": 10, "total_chunks": 33}, Stage.SPLITTING),
        ({"progress_percent": 74, "total_chunks": 33}, Stage.SPLITTING),
        ({"progress_percent": 75, "total_chunks": 33}, Stage.MERGING),
        ({"status": JobStatus.COMPLETED, "progress_percent": 100}, Stage.COMPLETED),
        ({"status": JobStatus.FAILED, "progress_percent": 100}, Stage.FAILED),
        ({"status": JobStatus.CANCELLED, "progress_percent": 40}, Stage.CANCELLED),
    ],
)
def test_stages_by_job(changes: dict[str, Any], stage: Stage) -> None:
    assert stage_of(make_row(job=make_snapshot(**changes))) is stage


def test_stages_before_there_is_a_job() -> None:
    assert stage_of(make_row()) is Stage.WAITING
    assert stage_of(make_row(sent_bytes=1, size_bytes=2)) is Stage.UPLOADING


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0:00"), (0.9, "0:00"), (7, "0:07"), (61.5, "1:01"), (3723, "1:02:03")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(0, "0 B/s"), (999, "999 B/s"), (1200, "1.2 kB/s"), (1.2e6, "1.2 MB/s"), (3e9, "3.0 GB/s")],
)
def test_data_rate(rate: float, text: str) -> None:
    assert data_rate(rate) == text


def test_counts_are_grouped_and_nouns_agree() -> None:
    assert count(19204) == "19 204"
    assert plural(1, "page") == "1 page"
    assert plural(0, "page") == "0 pages"


def test_time_left_is_silent_when_it_has_run_out() -> None:
    row = make_row(job=make_snapshot(progress_percent=90), rate=1.0)

    assert time_left(row, now=2.0) == "0:08 left"
    assert time_left(row, now=9.5) == ""


def test_total_time_left_counts_what_waits() -> None:
    running = make_row(job=make_snapshot(progress_percent=50), rate=10.0)

    assert total_left_s([running, make_row()]) == 15.0
    assert total_left_s([make_row()]) is None


def test_a_job_seen_late_took_as_long_as_the_server_says() -> None:
    job = completed(uploaded_at=MOMENT, completed_at=MOMENT + timedelta(seconds=42))

    assert run_time_s(make_row(job=job, ended_at=1.0)) == 42.0


def test_the_tally_counts_rows_that_were_cleared_and_those_to_come() -> None:
    state = ProgressState(retired=RetiredCounts(completed=7, failed=1, cancelled=2), pending=90)

    assert tally(state) == "100 jobs, 7 done, 1 failed, 2 cancelled"
