"""Drawing of rows and states as Rich text. Pure functions; nothing is printed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from fnt.output.formatting import (
    Stage,
    book_name,
    count,
    duration,
    error_text,
    figures,
    link_words,
    percent_of,
    run_left,
    saved_to,
    sent_of,
    stage_of,
    tally,
    time_left,
)
from fnt.output.sanitize import clean
from fnt.output.theme import (
    ACCENT,
    DONE,
    FAILED,
    GAP,
    SECONDARY,
    TROUBLE,
    Glyphs,
    fitted,
)
from fnt.progress import LinkStatus, ProgressState, Row

STAGE = 9
PERCENT = 5
NOTE = 11
MIN_BAR = 16
MAX_REMARK_LINES = 12
"""More would push the view, and all that was said before, out of the window."""
USUAL_NAME, MAX_NAME = 20, 44
FIGURES = (13, 11, 8)
"""Widths of the columns for pieces, pages and time."""

LINK_STYLES = {LinkStatus.LIVE: ACCENT, LinkStatus.CONNECTING: SECONDARY, LinkStatus.IDLE: ACCENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Column widths; a width of 0 hides the column."""

    width: int
    name: int
    bar: int
    note: int


def layout_for(width: int, state: ProgressState) -> Layout:
    """Return column widths for the window. The bar takes what is left; if that is little, it goes.

    All rows of a run count, also those that have ended, so that columns do not move.
    """
    rows = state.rows.values()
    longest = max((cell_len(book_name(row.title)) for row in rows), default=0)
    note = NOTE if any(_takes_note(row) for row in rows) else 0
    room = width - len("    " + GAP * 2) - STAGE - PERCENT
    name = min(longest, MAX_NAME, max(USUAL_NAME, room - note - len(GAP) - MIN_BAR))
    name = max(len(f"{count(state.count)} waiting") if state.count > 1 else 1, name)
    if note and room - name - note - len(GAP) < MIN_BAR:
        note = 0
    bar = room - name - (note + len(GAP) if note else 0)
    if bar < MIN_BAR:
        bar, name = 0, max(1, min(name, room + len("  ")))
    return Layout(width=width, name=name, bar=bar, note=note)


def _takes_note(row: Row) -> bool:
    return row.size_bytes >= 1e6 or row.is_steady


def row_line(row: Row, state: ProgressState, layout: Layout, *, now: float, glyphs: Glyphs) -> Text:
    """Return the line of an active row."""
    stage = Stage.SAVING if row.is_done else stage_of(row)
    percent = percent_of(row)
    line = _line(f"  {fitted(book_name(row.title), layout.name, glyphs)}{GAP}{stage:<{STAGE}}{GAP}")
    if layout.bar:
        full = percent * layout.bar // 100
        line.append(glyphs.bar * full, ACCENT)
        line.append(glyphs.bar_rest * (layout.bar - full), SECONDARY)
        line.append("  ")
    line.append(f"{percent:>{PERCENT - 2}} %")
    if layout.note:
        note = sent_of(row) or time_left(row, state, now=now)
        line.append(f"{GAP}{note:>{layout.note}}", SECONDARY)
    line.rstrip()
    return line


def settled_line(row: Row, layout: Layout, *, is_only: bool, glyphs: Glyphs) -> Text:
    """Return the line of an ended row, printed once above the view."""
    name = f" {fitted(book_name(row.title), layout.name, glyphs)}{GAP}"
    if stage_of(row) is Stage.CANCELLED:
        return _line(glyphs.cancelled, name, (error_text(row)[0], SECONDARY))
    if not row.is_done:
        job = row.job.id if row.job is not None else "?"
        return _line((glyphs.done, DONE), name, (f"job {job}", SECONDARY))
    room = layout.width - len("  " + GAP) - layout.name
    return _line((glyphs.done, DONE), name, (_figures(row, room, is_only=is_only), SECONDARY))


def _figures(row: Row, room: int, *, is_only: bool) -> str:
    """Return the figures of a completed row that fit: of several, the folder is told at the end."""
    widths = (0, 0, 0) if is_only else FIGURES
    pieces, pages, time = (
        f"{figure:>{width}}"
        for figure, width in zip(figures(row, is_only=is_only), widths, strict=True)
    )
    path = saved_to(row)
    fallbacks = [[pieces, time, path], [path]] if is_only else [[pieces, pages, time]]
    for cells in ([pieces, pages, time, path], *fallbacks, [pieces, time]):
        text = GAP.join(filter(None, cells))
        if cell_len(text) <= room:
            return text
    return path if is_only else time.strip()


def failed_line(row: Row, layout: Layout, *, glyphs: Glyphs) -> Text:
    """Return the line of a row without a saved result, which stays in the view."""
    name = fitted(book_name(row.title), layout.name, glyphs)
    return _line((glyphs.failed, FAILED), f" {name}{GAP}{error_text(row)[0]}")


def remark_lines(
    name: str, words: str, layout: Layout, *, is_warning: bool, console: Console, glyphs: Glyphs
) -> list[Text]:
    """Return a remark about a book: its words beside the name, or below it without the room."""
    mark = (glyphs.warning, TROUBLE) if is_warning else " "
    line = _line(mark, f" {fitted(book_name(name), layout.name, glyphs)}")
    beside, indent = line.cell_len + len(GAP), len("    ")
    at = next((at for at in (beside, indent) if layout.width - at >= MIN_BAR), 0)
    parts = list(Text(clean(words)).wrap(console, max(1, layout.width - at)))
    if len(parts) > MAX_REMARK_LINES:
        del parts[MAX_REMARK_LINES:]
        last = set_cell_size(parts[-1].plain, max(0, layout.width - at - 1))
        parts[-1] = Text(last.rstrip() + glyphs.cut)
    if at == beside:
        line.append(GAP).append(parts.pop(0))
    return [line, *(_line(" " * at, part) for part in parts if part.plain)]


def waiting_line(names: Iterable[str], number: int, layout: Layout, *, glyphs: Glyphs) -> Text:
    """Return the line that stands for all waiting rows."""
    label = f"  {count(number)} waiting"
    line = _line(f"{label:<{layout.name + 2}}{GAP}")
    room = layout.width - line.cell_len - len(f", {glyphs.cut}")
    shown = ""
    for name in names:
        longer = f"{shown}, {name}" if shown else name
        if cell_len(longer) > room:
            break
        shown, number = longer, number - 1
    more = glyphs.cut if number else ""
    return line.append(f"{shown} {more}".strip() if shown else "", SECONDARY)


def more_line(number: int, what: str) -> Text:
    """Return the line that stands for rows that do not fit."""
    return _line((f"  and {count(number)} more {what}", SECONDARY))


def status_line(
    state: ProgressState, *, now: float, width: int, keys: Sequence[str], glyphs: Glyphs
) -> Text:
    """Return the line at the bottom: connection, counts, times, and keys as far as they fit."""
    words, note = link_words(state.link, now=now)
    facts = [note] if note else []
    if state.count > 1:
        facts += [*tally(state), duration(now - state.started_at)]
    else:
        facts += [] if note else [clean(state.server)]
        facts += [duration(row.elapsed_s(now)) for row in state.rows.values() if _is_active(row)]
    link = _line((glyphs.link, LINK_STYLES.get(state.link.status, TROUBLE)), f" {words}")
    left = run_left(state, now=now) if state.count > 1 else ""
    least = [note] if note else facts
    choices = [
        (told, number)
        for told in ([*facts, left], facts, least)
        for number in range(len(keys), 1, -1)
    ]
    for told, number in [*choices, (least, 1), (least, 0)]:
        line = link.copy().append(GAP + f" {glyphs.dot} ".join(filter(None, told)), SECONDARY)
        right = GAP.join(keys[:number])
        space = width - line.cell_len - cell_len(right)
        if space >= 2 or not right:
            break
    line.rstrip()
    return line.append(" " * space + right, SECONDARY) if right else line


def question_line(question: str, keys: Sequence[str]) -> Text:
    """Return the question that takes the place of the status line."""
    return _line(f"  {question}  ", GAP.join(keys))


def summary_line(parts: Sequence[str], *, is_good: bool, glyphs: Glyphs) -> Text:
    """Return what came of a run."""
    mark = (glyphs.done, DONE) if is_good else (glyphs.failed, FAILED)
    return _line(mark, " " + f" {glyphs.dot} ".join(map(clean, parts)))


def _is_active(row: Row) -> bool:
    return row.job is not None or row.sent_bytes > 0


def _line(*parts: str | Text | tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")
