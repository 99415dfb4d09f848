"""fnt.output.formatting: rows and figures as text."""

from __future__ import annotations

from typing import Any

import pytest

from builders import make_snapshot
from fnt.output.formatting import (
    Stage,
    age,
    book_name,
    count,
    duration,
    plural,
    rounded,
    span,
    stage_of,
    tally,
)
from fnt.progress import ProgressState, RetiredCounts, Row
from fnt.wire.job_status import JobStatus


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
    ("seconds", "text"), [(0.9, "0 s"), (59.9, "59 s"), (310, "5 min 10 s"), (7500, "2 h 5 min")]
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (19, "19 s"), (33, "35 s"), (57, "55 s"), (58, "1 min"), (90, "2 min"),
     (3600, "60 min"), (7300, "2 h")],
)  # fmt: skip
def test_an_estimate_is_the_coarser_the_longer_it_is(seconds: float, text: str) -> None:
    assert rounded(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (14, "14 s"), (75, "1 min"), (7300, "2 h"), (90000, "1 day"), (9e5, "10 days")],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("title", "name"),
    [("novel.pdf", "novel"), ("a.PDF", "a"), (".pdf", ".pdf"), ("a\x1b.pdf", "a\\x1b")],
)
def test_a_book_is_named_without_its_ending(title: str, name: str) -> None:
    assert book_name(title) == name


def test_counts_are_grouped_and_nouns_agree() -> None:
    assert count(19204) == "19 204"
    assert plural(1, "page") == "1 page"
    assert plural(0, "page") == "0 pages"


def test_the_tally_counts_rows_that_were_cleared_and_those_to_come() -> None:
    retired = RetiredCounts(completed=7, failed=1, refused=3, cancelled=2)

    assert tally(ProgressState(retired=retired, pending=1000)) == [
        "7 of 1 013 completed", "1 failed", "3 refused", "2 cancelled",
    ]  # fmt: skip
