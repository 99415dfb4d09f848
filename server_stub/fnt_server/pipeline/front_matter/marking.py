"""Leaves front and back matter out of a book, or keeps it marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from fnt_server.pipeline.document import Dropped, Paragraph, Reason
from fnt_server.pipeline.text.paragraphs import PlacedParagraph


def without_front_matter(
    found: Sequence[PlacedParagraph], reasons: Mapping[int, Reason]
) -> tuple[list[PlacedParagraph], list[Dropped]]:
    """Return the paragraphs that are the author's, and the others."""
    kept = [placed for index, placed in enumerate(found) if index not in reasons]
    dropped = [
        Dropped(text=found[index].paragraph.text, page=found[index].paragraph.page, reason=reason)
        for index, reason in sorted(reasons.items())
    ]
    return kept, dropped


def with_marks(
    found: Sequence[PlacedParagraph], reasons: Mapping[int, Reason]
) -> list[PlacedParagraph]:
    """Return all paragraphs, those that are not the author's marked."""
    return [
        replace(placed, paragraph=replace(placed.paragraph, kind="front matter"))
        if index in reasons
        else placed
        for index, placed in enumerate(found)
    ]


def with_contents(
    paragraphs: Sequence[Paragraph], rows: Sequence[Dropped], *, page_count: int
) -> list[Paragraph]:
    """Return the paragraphs together with the rows of tables of contents, marked."""
    if not rows:
        return list(paragraphs)
    placed = [((paragraph.page, 0.0), paragraph) for paragraph in paragraphs] + [
        (
            (row.page, -1.0 if row.page <= page_count / 2 else 1.0),
            Paragraph(text=row.text, page=row.page, chapter=None, kind="front matter"),
        )
        for row in rows
    ]
    return [paragraph for _, paragraph in sorted(placed, key=lambda pair: pair[0])]
