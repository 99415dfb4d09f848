"""Drawing of rows and states as Rich text. Pure functions; nothing is printed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from fnt.output.formatting import (
    Stage,
    chunks_of,
    data_rate,
    duration,
    error_text,
    figures,
    link_words,
    percent_of,
    saved_to,
    stage_of,
    tally,
    time_left,
    total_left_s,
)
from fnt.output.sanitize import clean
from fnt.progress import LinkStatus, ProgressState, Row

STAGE_WIDTH = 10
MAX_BAR = 40
MIN_BAR = 8
MAX_TITLE = 44
MIN_TITLE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Symbols used in the view."""

    link: str = "●"
    running: str = "▸"
    sending: str = "▴"
    done: str = "✓"
    failed: str = "✗"
    cancelled: str = "–"
    bar: str = "━"
    bar_end: str = "╾"
    bar_rest: str = "─"
    dot: str = "·"
    arrow: str = "→"
    cut: str = "…"


UNICODE = Glyphs()
ASCII = Glyphs(
    link="*",
    running=">",
    sending="^",
    done="+",
    failed="x",
    cancelled="-",
    bar="#",
    bar_end="#",
    bar_rest="-",
    dot="-",
    arrow="->",
    cut="~",
)

LINK_STYLES = {
    LinkStatus.LIVE: "bold green",
    LinkStatus.POLLING: "bold blue",
    LinkStatus.IDLE: "dim",
}

STAGE_STYLES = {
    Stage.UPLOADING: "magenta",
    Stage.WAITING: "dim",
    Stage.ANALYZING: "yellow",
    Stage.SPLITTING: "cyan",
    Stage.MERGING: "blue",
    Stage.SAVING: "green",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Column widths; a width of 0 hides the column."""

    title: int
    stage: int = STAGE_WIDTH
    bar: int
    chunks: int
    elapsed: int
    left: int


def layout_for(width: int, rows: Sequence[Row]) -> Layout:
    """Return column widths for the window, dropping the least important columns if it is narrow."""
    chunks = max((len(chunks_of(row)) for row in rows), default=0)
    columns = {"left": 12, "chunks": chunks and chunks + 2, "elapsed": 7}
    titles = max((cell_len(clean(row.title)) for row in rows), default=0)
    title = max(MIN_TITLE, min(titles, MAX_TITLE, width // 3))
    fixed = 2 + title + 2 + STAGE_WIDTH + 2 + 4
    for name in ("left", "chunks", "elapsed"):
        if width - fixed - sum(columns.values()) < MIN_BAR:
            columns[name] = 0
    room = width - fixed - sum(columns.values())
    bar = min(room, MAX_BAR) if room >= MIN_BAR else 0
    if room < 0:
        title = max(1, title + room)
    return Layout(title=title, bar=bar, **columns)


def row_line(row: Row, layout: Layout, *, now: float, glyphs: Glyphs) -> Text:
    """Return the line of an active row."""
    stage = Stage.SAVING if row.is_done else stage_of(row)
    style = STAGE_STYLES.get(stage, "")
    mark = glyphs.sending if stage is Stage.UPLOADING else glyphs.running
    line = Text(no_wrap=True, overflow="crop")
    line.append(f"{mark} ", style or "bold")
    line.append(fitted(clean(row.title), layout.title, glyphs))
    line.append(f"  {stage:<{STAGE_WIDTH}}  ", style)
    _append_bar(line, percent_of(row), layout.bar, style=style, glyphs=glyphs)
    line.append(f"{percent_of(row):>3}%", "bold")
    if layout.chunks:
        line.append(f"{chunks_of(row):>{layout.chunks}}", "dim")
    if layout.elapsed:
        line.append(f"{duration(now - row.started_at):>{layout.elapsed}}")
    if layout.left:
        line.append(f"{_pace(row, now):>{layout.left}}", "dim")
    line.rstrip()
    return line


def _pace(row: Row, now: float) -> str:
    if row.job is None and row.sent_bytes and row.sent_bytes < row.size_bytes:
        elapsed = row.changed_at - row.started_at
        return data_rate(row.sent_bytes / elapsed) if elapsed > 0 else ""
    return time_left(row, now=now)


def _append_bar(line: Text, percent: int, width: int, *, style: str, glyphs: Glyphs) -> None:
    if not width:
        return
    halves = percent * width * 2 // 100
    full, half = divmod(halves, 2)
    line.append(glyphs.bar * full + glyphs.bar_end * half, style)
    line.append(glyphs.bar_rest * (width - full - half), "bright_black")
    line.append(" ")


def fitted(text: str, width: int, glyphs: Glyphs) -> str:
    """Shorten a name in its middle, since volumes differ at the end, or pad it to `width`."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    if width < 4:
        return set_cell_size(text, width)
    tail_width = (width - 1) // 2
    head = set_cell_size(text, width - 1 - tail_width)
    tail = ""
    for char in reversed(text):
        if cell_len(char + tail) > tail_width:
            break
        tail = char + tail
    return set_cell_size(f"{head}{glyphs.cut}{tail}", width)


def settled_line(row: Row, *, glyphs: Glyphs) -> Text:
    """Return the line of an ended row, printed once above the view."""
    title = clean(row.title)
    if not row.is_done:
        job = row.job.id if row.job is not None else "?"
        return Text.assemble((f"{glyphs.done} ", "bold green"), title, (f"  job {job}", "dim"))
    if row.is_failed:
        return _failed_line(row, title, glyphs)
    words = figures(row).replace("·", glyphs.dot)
    line = Text.assemble((f"{glyphs.done} ", "bold green"), title, (f"  {words}", "dim"))
    if row.saved:
        line.append(f" {glyphs.arrow} ", "dim")
        line.append(saved_to(row), "cyan")
    if row.save_error is not None:
        line.append(f"  not saved: {clean(row.save_error)}", "red")
    return line


def _failed_line(row: Row, title: str, glyphs: Glyphs) -> Text:
    trouble, code = error_text(row)
    if stage_of(row) is Stage.CANCELLED:
        return Text.assemble((f"{glyphs.cancelled} ", "yellow"), title, (f"  {trouble}", "yellow"))
    line = Text.assemble((f"{glyphs.failed} ", "bold red"), title, (f"  {trouble}", "red"))
    return line.append(f"  {code}", "dim") if code else line


def link_line(state: ProgressState, *, now: float, glyphs: Glyphs) -> Text:
    """Return the connection indicator, with the number of jobs."""
    link = state.link
    style = LINK_STYLES.get(link.status, "bold yellow")
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{glyphs.link} ", style)
    line.append(link_words(link, now=now), style)
    parts = [tally(state)] if state.count else []
    if link.status in (LinkStatus.LIVE, LinkStatus.CONNECTING, LinkStatus.IDLE) and state.server:
        parts.insert(0, clean(state.server))
    for part in parts:
        line.append(f" {glyphs.dot} {part}", "dim")
    return line


def total_line(state: ProgressState, layout: Layout, *, glyphs: Glyphs) -> Text:
    """Return the line with the total of several jobs."""
    rows = state.rows.values()
    ended = state.retired.total + sum(row.is_done for row in rows)
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"  {'total':<{layout.title}}  {ended} of {state.count} ended", "bold")
    left = total_left_s(rows) if not state.pending else None
    if left is not None and left >= 1:
        line.append(f" {glyphs.dot} about {duration(left)} left", "dim")
    return line
