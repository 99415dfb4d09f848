"""Formatting of rows, connection state, and runs as text, shared by all renderers."""

from __future__ import annotations

import math
from collections import Counter
from enum import StrEnum

from fnt.output.sanitize import clean
from fnt.progress import (
    RESTARTING,
    LinkState,
    LinkStatus,
    ProgressState,
    Row,
    run_left_s,
    time_left_s,
)
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

UPLOADING_PERCENT = 5
"""What uploading counts for, in percent."""
MERGING_PERCENT = 75
"""Job progress from which all chunks are done, in percent."""


class Stage(StrEnum):
    """The stage of a row, as shown to the user."""

    UPLOADING = "uploading"
    WAITING = "waiting"
    ANALYZING = "analyzing"
    SPLITTING = "splitting"
    MERGING = "merging"
    SAVING = "saving"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


def stage_of(row: Row) -> Stage:
    """Return the stage of a row."""
    if row.refused is not None:
        return Stage.REFUSED
    if row.job is None:
        return Stage.UPLOADING if row.sent_bytes else Stage.WAITING
    return stage_of_job(row.job)


def stage_of_job(job: JobSnapshot) -> Stage:
    """Return the stage of a job that the server knows."""
    if job.status is not JobStatus.PROCESSING:
        return Stage.WAITING if job.status is JobStatus.PENDING else Stage(job.status.value)
    if job.progress_percent >= MERGING_PERCENT:
        return Stage.MERGING
    return Stage.ANALYZING if job.total_chunks is None else Stage.SPLITTING


def percent_of(row: Row) -> int:
    """Return the progress of the row in percent, which never decreases."""
    if row.job is not None:
        return max(UPLOADING_PERCENT, row.job.progress_percent)
    sent = min(row.sent_bytes, row.size_bytes)
    return sent * UPLOADING_PERCENT // row.size_bytes if row.size_bytes else 0


def duration(seconds: float) -> str:
    """Format a running clock: `0:07` or `1:02:03`."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def span(seconds: float) -> str:
    """Format how long something took: `7 s`, `5 min 10 s`, `2 h 5 min`."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minute} min"
    return f"{minute} min {second} s" if minutes else f"{second} s"


def age(seconds: float) -> str:
    """Format how long ago something was: `7 s`, `5 min`, `3 h`, `12 days`."""
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if (number := int(seconds // size)) > 0:
            return plural(number, unit) if unit == "day" else f"{number} {unit}"
    return f"{max(0, int(seconds))} s"


def rounded(seconds: float) -> str:
    """Format an estimate, the coarser the longer: `12 s`, `35 s`, `4 min`, `3 h`."""
    if seconds < 20:
        return f"{math.ceil(seconds)} s"
    if seconds < 57.5:
        return f"{5 * round(seconds / 5)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"


def count(number: int) -> str:
    """Format a number with thin groups of three digits: `19 204`."""
    return f"{number:,}".replace(",", " ")


def plural(number: int, noun: str) -> str:
    """Format a count with its noun: `1 job`, `2 jobs`."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def data_size(number: float) -> str:
    """Format a size in bytes as `0.4 MB` or `12 kB`."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if number >= size / 10:
            return f"{number / size:.1f} {unit}"
    return f"{max(1, round(number / 1e3))} kB" if number >= 1000 else plural(round(number), "byte")


def sent_of(row: Row) -> str:
    """Format how much of a file has been sent: `18 of 42 MB`; empty for a small one."""
    size = row.size_bytes / 1e6
    if row.job is not None or not row.sent_bytes or size < 1:
        return ""
    return f"{min(row.sent_bytes / 1e6, size):.0f} of {size:.0f} MB"


def is_reachable(link: LinkState) -> bool:
    """Return whether updates arrive, so that an estimate is meaningful."""
    return link.status in (LinkStatus.LIVE, LinkStatus.POLLING)


def time_left(row: Row, state: ProgressState, *, now: float) -> str:
    """Format the time left of a row as `12 s left`; empty while unknown or in an outage."""
    left = time_left_s(row, now=now) if is_reachable(state.link) else None
    return f"{rounded(left)} left" if left is not None and left >= 1 else ""


def run_left(state: ProgressState, *, now: float) -> str:
    """Format the time left of a run as `about 4 min left`, under the same conditions."""
    left = run_left_s(state, now=now) if is_reachable(state.link) else None
    return f"about {rounded(left)} left" if left is not None and left >= 1 else ""


def figures(row: Row, *, is_only: bool = False) -> list[str]:
    """Format a completed job's figures: `19 204 pieces`, `475 pages`, and how long it took.

    That is the time in which the server worked on it; of an only job, whose clock could be
    watched, the time on that clock.
    """
    job, took_s = row.job, row.elapsed_s(row.changed_at)
    if job is not None and job.started_at and job.completed_at and not is_only:
        took_s = (job.completed_at - job.started_at).total_seconds()
    pieces = job.sentence_count if job is not None else None
    pages = job.page_count if job is not None else None
    return [
        "" if pieces is None else plural(pieces, "piece"),
        "" if pages is None else plural(pages, "page"),
        span(took_s),
    ]


def book_name(title: str) -> str:
    """Return the name of a book as shown: that of its file without the ending."""
    name = clean(title)
    return name[:-4] if name.lower().endswith(".pdf") and len(name) > 4 else name


def error_text(row: Row) -> tuple[str, str]:
    """Return why a row ended without a result, as a one-line message and an error code."""
    if row.refused is not None:
        hint = f"; {row.refused.hint}" if row.refused.hint else ""
        return clean(row.refused.message + hint), clean(row.refused.code or "")
    if row.job is None:
        return "", ""
    if row.save_error is not None:
        return f"completed, but not saved: {clean(row.save_error)}", ""
    if row.job.status is JobStatus.CANCELLED:
        return f"cancelled at {percent_of(row)} %", ""
    return clean(row.job.error_message or "failed"), clean(row.job.error_code or "")


def saved_to(row: Row) -> str:
    """Return the names of the saved files."""
    return ", ".join(clean(str(path)) for path in row.saved)


def tally(state: ProgressState) -> list[str]:
    """Format the counts of a run: `3 of 44 completed`, `1 failed`, `1 refused`."""
    stages, retired = Counter(stage_of(row) for row in state.rows.values()), state.retired
    ended = {
        "failed": stages[Stage.FAILED] + retired.failed,
        "refused": stages[Stage.REFUSED] + retired.refused,
        "cancelled": stages[Stage.CANCELLED] + retired.cancelled,
    }
    completed = f"{count(stages[Stage.COMPLETED] + retired.completed)} of {count(state.count)}"
    return [f"{completed} completed", *(f"{count(n)} {how}" for how, n in ended.items() if n)]


def link_words(link: LinkState, *, now: float) -> tuple[str, str]:
    """Describe the connection, and what that means or what happens next."""
    if link.status is LinkStatus.RECONNECTING and link.reason == RESTARTING:
        return "server restarting", "back in a moment"
    match link.status:
        case LinkStatus.RECONNECTING:
            tries = f"{_in(link, now)} (try {max(1, link.attempt)})"
            if link.is_first:  # nobody knows whether the server has a job
                return f"connecting{tries}", _giving_up(link, now).removeprefix(", ")
            return f"reconnecting{tries}", "the server keeps the jobs" + _giving_up(link, now)
        case LinkStatus.RETRYING:
            reason = clean(link.reason or "the server cannot be reached")
            return f"trying again (try {link.attempt + 1})", reason + _giving_up(link, now)
        case LinkStatus.POLLING:
            every = f" every {link.poll_every_s:.0f} s" if link.poll_every_s else ""
            again = _in(link, now)
            blocked = "live updates blocked here" + (f"; trying again{again}" if again else "")
            return f"polling{every}", blocked if link.attempt else ""
        case LinkStatus.IDLE:
            return "sending", ""
    return link.status.value, ""


def _giving_up(link: LinkState, now: float) -> str:
    if link.give_up_at is None:
        return ""
    return f", giving up in {duration(max(0.0, link.give_up_at - now))}"


def _in(link: LinkState, now: float) -> str:
    if link.retry_at is None or link.retry_at <= now:
        return ""
    return f" in {max(1, round(link.retry_at - now))} s"
