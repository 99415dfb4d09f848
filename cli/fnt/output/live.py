"""The live view: connection, active rows, total, and keys, redrawn in place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.text import Text

from fnt.output.formatting import Stage, stage_of
from fnt.output.renderer import DoneCriteria, Renderer
from fnt.output.rows import (
    ASCII,
    UNICODE,
    layout_for,
    link_line,
    row_line,
    settled_line,
    total_line,
)
from fnt.output.terminal import Terminal
from fnt.progress import ProgressState, Row

REDRAW_S = 0.125
"""Minimum seconds between two redraws."""
IDLE_REDRAW_S = 1.0
"""Seconds between redraws when only clocks change."""
MIN_ROWS = 1

BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: the terminal shows complete frames only. Ignored where unsupported."""

FIRST_CUT = (Stage.WAITING, Stage.UPLOADING)
"""Stages whose rows are omitted first in a short window."""


class LiveRenderer(Renderer):
    """Draws progress on a terminal. `render` only stores the state; `tick` draws the latest."""

    has_keys = True
    shows_results = True

    def __init__(
        self,
        terminal: Terminal,
        *,
        criteria: DoneCriteria,
        clock: Callable[[], float],
        hint: str = "Ctrl-C leaves the jobs running",
    ) -> None:
        self._console = terminal.console
        self._glyphs = UNICODE if terminal.has_glyphs else ASCII
        self._criteria = criteria
        self._clock = clock
        self._hint = hint
        self._state = ProgressState()
        self._drawn: tuple[ProgressState, str, tuple[int, ...]] | None = None
        self._drawn_at = float("-inf")
        self._settled: set[str] = set()
        self._lock = threading.Lock()
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        """Hide the cursor and start drawing."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Print all remaining rows as plain lines and show the cursor again."""
        try:
            with self._lock:
                self._print_settled()
                rows = self._open_rows()
                self._live.transient = not rows
                self._live.update(self._rows(rows, room=max(MIN_ROWS, self._console.height - 2)))
        finally:
            self._live.stop()

    def render(self, state: ProgressState) -> None:
        """Store the state for the next tick."""
        self._state = state

    def set_hint(self, hint: str) -> None:
        """Replace the last line, which shows keys or a question."""
        self._hint = hint

    def tick(self) -> None:
        """Redraw if the state or a displayed clock has changed."""
        with self._lock:
            now = self._clock()
            seen = (self._state, self._hint, tuple(self._console.size))
            pause = REDRAW_S if seen != self._drawn else IDLE_REDRAW_S
            if now - self._drawn_at < pause:
                return
            self._drawn, self._drawn_at = seen, now
            self._draw(now)

    def _draw(self, now: float) -> None:
        self._console.file.write(BEGIN_FRAME)
        with self._console:
            self._print_settled()
            self._live.update(self._frame(now), refresh=True)
        self._console.file.write(END_FRAME)
        self._console.file.flush()

    def _print_settled(self) -> None:
        """Print newly ended rows above the view, each once and all in a single write."""
        self._settled &= self._state.rows.keys()
        ended = [
            row
            for key, row in self._state.rows.items()
            if key not in self._settled and self._criteria.is_reached(row)
        ]
        if ended:
            self._settled.update(row.key for row in ended)
            lines = [settled_line(row, glyphs=self._glyphs) for row in ended]
            self._console.print(*lines, sep="\n")

    def _open_rows(self) -> list[Row]:
        return [row for key, row in self._state.rows.items() if key not in self._settled]

    def _frame(self, now: float) -> Group:
        state, height = self._state, self._console.height
        rows = self._open_rows()
        lines = [link_line(state, now=now, glyphs=self._glyphs)]
        tail = []
        if state.count > 1:
            layout = layout_for(self._width, list(state.rows.values()))
            tail.append(total_line(state, layout, glyphs=self._glyphs))
        if self._hint:
            hint = self._hint.replace("·", self._glyphs.dot)
            tail.append(Text(f"  {hint}", "dim", no_wrap=True, overflow="ellipsis"))
        room = max(MIN_ROWS, height - 1 - len(lines) - len(tail))
        return Group(*lines, self._rows(rows, room=room), *tail)

    def _rows(self, rows: list[Row], *, room: int) -> Group:
        shown = rows if len(rows) <= room else _most_telling(rows, room - 1)
        # The layout uses all rows, so that columns do not move when one ends.
        layout = layout_for(self._width, list(self._state.rows.values()))
        now = self._clock()
        lines = [row_line(row, layout, now=now, glyphs=self._glyphs) for row in shown]
        if len(shown) < len(rows):
            lines.append(Text(f"  and {len(rows) - len(shown)} more", "dim"))
        return Group(*lines)

    @property
    def _width(self) -> int:
        # A line as wide as the window wraps on some terminals.
        return max(1, self._console.width - 1)


def _most_telling(rows: list[Row], room: int) -> list[Row]:
    """Return up to `room` rows, preferring active ones, in their original order."""
    ranked = sorted(rows, key=lambda row: _rank(stage_of(row)))
    chosen = {row.key for row in ranked[: max(0, room)]}
    return [row for row in rows if row.key in chosen]


def _rank(stage: Stage) -> int:
    return 0 if stage not in FIRST_CUT else 1 + FIRST_CUT[::-1].index(stage)
