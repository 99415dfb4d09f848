"""Formatting of rows, connection state, and runs as text, shared by all renderers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from fnt.output.sanitize import clean
from fnt.progress import LinkState, LinkStatus, ProgressState, Row, time_left_s
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

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
    if row.job.status is JobStatus.PROCESSING:
        return _running_stage(row.job)
    if row.job.status is JobStatus.COMPLETED:
        return Stage.COMPLETED
    return {
        JobStatus.FAILED: Stage.FAILED,
        JobStatus.CANCELLED: Stage.CANCELLED,
    }.get(row.job.status, Stage.WAITING)


def _running_stage(job: JobSnapshot) -> Stage:
    if job.progress_percent >= MERGING_PERCENT:
        return Stage.MERGING
    return Stage.ANALYZING if job.total_chunks is None else Stage.SPLITTING


def percent_of(row: Row) -> int:
    """Return the progress of the row's stage, in percent: bytes while uploading, then the job's."""
    if row.job is not None:
        return row.job.progress_percent
    return row.sent_bytes * 100 // row.size_bytes if row.size_bytes else 0


def chunks_of(row: Row) -> str:
    """Format completed and total chunks as `18/33`; empty while unknown."""
    if row.job is None or row.job.total_chunks is None:
        return ""
    return f"{row.job.processed_chunks}/{row.job.total_chunks}"


def duration(seconds: float) -> str:
    """Format a duration as `0:07` or `1:02:03`."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


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


def data_rate(bytes_per_s: float) -> str:
    """Format a rate as `1.2 MB/s`."""
    for unit in ("B", "kB", "MB"):
        if bytes_per_s < 1000:
            return f"{bytes_per_s:.0f} B/s" if unit == "B" else f"{bytes_per_s:.1f} {unit}/s"
        bytes_per_s /= 1000
    return f"{bytes_per_s:.1f} GB/s"


def time_left(row: Row, *, now: float) -> str:
    """Format the time left as `0:08 left`; empty while unknown or outdated."""
    left = time_left_s(row, now=now)
    return f"{duration(left)} left" if left is not None and left >= 1 else ""


def total_left_s(rows: Iterable[Row]) -> float | None:
    """Estimate the seconds until all rows end, from the rates of the running ones."""
    running = [row for row in rows if not row.is_done]
    rate = sum(row.rate or 0.0 for row in running)
    if not rate:
        return None
    return sum(100 - (row.job.progress_percent if row.job else 0) for row in running) / rate


def run_time_s(row: Row) -> float:
    """Return how long a row took in seconds: as seen here or as reported, whichever is longer."""
    seen = (row.ended_at or row.changed_at) - row.started_at
    job = row.job
    if job is None or job.completed_at is None or job.uploaded_at is None:
        return seen
    return max(seen, (job.completed_at - job.uploaded_at).total_seconds())


def figures(row: Row) -> str:
    """Format a completed job's figures as `19 204 sentences · 475 pages · 0:03`."""
    job = row.job
    parts = [duration(run_time_s(row))]
    if job is not None and job.page_count is not None:
        parts.insert(0, plural(job.page_count, "page"))
    if job is not None and job.sentence_count is not None:
        parts.insert(0, plural(job.sentence_count, "sentence"))
    return " · ".join(parts)


def error_text(row: Row) -> tuple[str, str]:
    """Return why a row ended without a result, as a one-line message and an error code."""
    if row.refused is not None:
        hint = f" ({row.refused.hint})" if row.refused.hint else ""
        return clean(row.refused.message + hint), clean(row.refused.code or "")
    if row.job is None:
        return "", ""
    if row.job.status is JobStatus.CANCELLED:
        return f"cancelled at {row.job.progress_percent}%", ""
    return clean(row.job.error_message or "failed"), clean(row.job.error_code or "")


def saved_to(row: Row) -> str:
    """Return the names of the saved files."""
    return ", ".join(clean(str(path)) for path in row.saved)


def tally(state: ProgressState) -> str:
    """Format the counts of a run as `5 jobs, 2 done, 1 failed`."""
    stages = Counter(stage_of(row) for row in state.rows.values())
    completed = stages[Stage.COMPLETED] + state.retired.completed
    failed = stages[Stage.FAILED] + stages[Stage.REFUSED] + state.retired.failed
    cancelled = stages[Stage.CANCELLED] + state.retired.cancelled
    parts = [plural(state.count, "job")]
    if state.count > 1:
        parts += [f"{completed} done"] if completed else []
        parts += [f"{failed} failed"] if failed else []
        parts += [f"{cancelled} cancelled"] if cancelled else []
    return ", ".join(parts)


def link_words(link: LinkState, *, now: float) -> str:
    """Describe the connection and what happens next."""
    match link.status:
        case LinkStatus.LIVE:
            return "live"
        case LinkStatus.CONNECTING:
            return "connecting"
        case LinkStatus.RECONNECTING:
            attempt = max(1, link.attempt)
            return f"reconnecting{_in(link, now)} (try {attempt}), the server keeps the jobs"
        case LinkStatus.POLLING:
            every = f" every {link.poll_every_s:.0f} s" if link.poll_every_s else ""
            again = f", trying for live again{_in(link, now)}" if link.retry_at is not None else ""
            return f"polling{every}{again}"
        case LinkStatus.IDLE:
            return "sending"


def _in(link: LinkState, now: float) -> str:
    if link.retry_at is None or link.retry_at <= now:
        return ""
    return f" in {max(1, round(link.retry_at - now))} s"
