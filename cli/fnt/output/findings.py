"""What the server found out about a book and its pieces, in words."""

from __future__ import annotations

from fnt.output.formatting import count
from fnt.output.sanitize import clean
from fnt.wire.jobs import JobSnapshot
from fnt.wire.structs import UNSET

MAX_LISTED_WARNINGS = 8


def warning_lines(job: JobSnapshot) -> list[str]:
    """Return a line for each warning, with its pages."""
    warnings = () if job.warnings is UNSET else job.warnings
    return [
        f"{clean(warning.message)} ({_pages(clean(warning.pages))})"
        for warning in warnings[:MAX_LISTED_WARNINGS]
    ]


def quality_words(job: JobSnapshot) -> str | None:
    """Return how the pieces were cut, if the server tells."""
    quality = job.quality
    if quality is UNSET:
        return None
    return (
        f"{count(quality.end_with_clause)} of {count(quality.pieces)} pieces end with a clause, "
        f"{count(quality.cut_in_clause)} are cut inside one, "
        f"{count(quality.with_finite_verb)} have a finite verb"
    )


def _pages(ranges: str) -> str:
    return f"page {ranges}" if ranges.isdigit() else f"pages {ranges}"
