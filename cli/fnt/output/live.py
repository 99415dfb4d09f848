"""The live view: failures, work in progress and a status line, redrawn in place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from rich.console import Group
from rich.text import Text

from fnt.output.formatting import Stage, book_name, stage_of
from fnt.output.frame import Frame
from fnt.output.renderer import DoneCriteria, Renderer
from fnt.output.rows import (
    Layout,
    failed_line,
    layout_for,
    more_line,
    question_line,
    remark_lines,
    row_line,
    settled_line,
    status_line,
    waiting_line,
)
from fnt.output.terminal import Terminal
from fnt.output.theme import glyphs_of
from fnt.progress import ProgressState, Row

REDRAW_S = 0.125
"""Minimum seconds between two redraws."""
IDLE_REDRAW_S = 1.0
"""Seconds between redraws when only clocks change."""
ROOMY = 10
"""Lines of a window from which an empty one parts rows and status."""

BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
"""Synchronized output: the terminal shows complete frames only. Ignored where unsupported."""


class LiveRenderer(Renderer):
    """Draws progress on a terminal. `render` only stores the state; `tick` draws the latest."""

    shows_results = True

    def __init__(
        self,
        terminal: Terminal,
        *,
        criteria: DoneCriteria,
        clock: Callable[[], float],
    ) -> None:
        self._console = terminal.console
        self._glyphs = glyphs_of(terminal)
        self._criteria = criteria
        self._clock = clock
        self._keys: tuple[str, ...] = ("Ctrl-C leave",)
        self._question = ""
        self._state = ProgressState()
        self._drawn: tuple[object, ...] | None = None
        self._drawn_at = float("-inf")
        self._settled: set[str] = set()
        self._lock = threading.Lock()
        self._frame = Frame(self._console)

    def __enter__(self) -> Self:
        """Start drawing."""
        self._frame.show()
        return self

    def __exit__(self, *_: object) -> None:
        """Print what is left and stop drawing."""
        self.finish()

    def resume(self) -> None:
        """Start drawing again, without rows that ended meanwhile."""
        with self._lock:
            self._settled.update(row.key for row in self._ended())
            self._drawn, self._drawn_at = None, float("-inf")
            self._frame.show()

    def suspend(self) -> None:
        """Print ended rows and erase the rest."""
        with self._lock:
            self._leave(failed=True)

    def drop(self) -> None:
        """Stop drawing and leave the window as it is."""
        with self._lock:
            self._frame.drop()

    def finish(self) -> None:
        """Print ended rows but the failures, which the run lists at its end, and stop drawing."""
        with self._lock:
            self._leave()

    def _leave(self, *, failed: bool = False) -> None:
        try:
            self._frame.draw("", above=self._ended_lines(failed=failed))
        finally:
            self._frame.hide()

    def render(self, state: ProgressState) -> None:
        """Store the state for the next tick."""
        self._state = state

    def remark(self, name: str, words: str, *, is_warning: bool) -> bool:
        """Draw a remark about a book above the view, as long as it needs."""
        with self._lock:
            lines = remark_lines(
                name, words, self._layout(), is_warning=is_warning,
                console=self._console, glyphs=self._glyphs,
            )  # fmt: skip
            self._console.print(Group(*lines))
        return True

    def set_keys(self, *keys: str, question: str = "") -> None:
        """Replace the keys in the status line, or that line by a question and its answers."""
        self._keys, self._question = keys, question

    def tick(self) -> None:
        """Redraw if the state or a displayed clock has changed."""
        with self._lock:
            now = self._clock()
            seen = (self._state, self._keys, self._question, tuple(self._console.size))
            pause = REDRAW_S if seen != self._drawn else IDLE_REDRAW_S
            if now - self._drawn_at < pause:
                return
            self._drawn, self._drawn_at = seen, now
            self._draw(now)

    def _draw(self, now: float) -> None:
        self._console.file.write(BEGIN_FRAME)
        with self._console:
            ended = self._ended_lines()
            self._frame.draw(Group(*self._lines(now)), above=ended)
        self._console.file.write(END_FRAME)
        self._console.file.flush()

    def _ended_lines(self, *, failed: bool = False) -> Group | None:
        """Return the lines of newly ended rows, each once, which then stand above the view."""
        self._settled &= self._state.rows.keys()
        rows = [row for row in self._ended() if failed or not _stays(row)]
        if not rows:
            return None
        self._settled.update(row.key for row in rows)
        layout, glyphs, is_only = self._layout(), self._glyphs, self._state.count == 1
        return Group(
            *(
                failed_line(row, layout, glyphs=glyphs)
                if _stays(row)
                else settled_line(row, layout, is_only=is_only, glyphs=glyphs)
                for row in rows
            )
        )

    def _ended(self) -> list[Row]:
        """Return newly ended rows."""
        return [row for row in self._open_rows() if self._criteria.is_reached(row)]

    def _open_rows(self) -> list[Row]:
        return [row for key, row in self._state.rows.items() if key not in self._settled]

    def _lines(self, now: float) -> list[Text]:
        if self._question:
            status = question_line(self._question, self._keys)
        else:
            status = status_line(
                self._state, now=now, width=self._width, keys=self._keys, glyphs=self._glyphs
            )
        height = self._console.height
        tail = [Text(""), status] if height >= ROOMY else [status]
        room = max(min(1, height - 1), height - 1 - len(tail))
        return [*self._row_lines(now, room), *tail]

    def _row_lines(self, now: float, room: int) -> list[Text]:
        """Return failures, rows in progress and a count of those that wait, in `room` lines."""
        state, layout, glyphs = self._state, self._layout(), self._glyphs
        rows = self._open_rows()
        failed = [failed_line(row, layout, glyphs=glyphs) for row in rows if _stays(row)]
        going = [row for row in rows if not _stays(row)]
        waiting = [row for row in going if self._is_folded(row)]
        active = [
            row_line(row, state, layout, now=now, glyphs=glyphs)
            for row in going
            if not self._is_folded(row)
        ]
        lines = _capped(failed[::-1], room // 3 if active or waiting else room, "failed")[::-1]
        number = len(waiting) + state.pending
        has_waiting = number and (room - len(lines) > 1 or not active)
        lines += _capped(active, room - len(lines) - bool(has_waiting), "in progress")
        if has_waiting:
            names = (book_name(row.title) for row in waiting)
            lines.append(waiting_line(names, number, layout, glyphs=glyphs))
        return lines

    def _is_folded(self, row: Row) -> bool:
        return self._state.count > 1 and stage_of(row) is Stage.WAITING

    def _layout(self) -> Layout:
        return layout_for(self._width, self._state)

    @property
    def _width(self) -> int:
        # A line as wide as the window wraps on some terminals.
        return max(1, self._console.width - 1)


def _stays(row: Row) -> bool:
    """Return whether a row stays in sight: it failed, or its result is not saved."""
    is_cancelled = stage_of(row) is Stage.CANCELLED
    return (row.is_failed and not is_cancelled) or row.save_error is not None


def _capped(lines: list[Text], room: int, what: str) -> list[Text]:
    if len(lines) <= room:
        return lines
    shown = max(0, room - 1)
    return [*lines[:shown], more_line(len(lines) - shown, what)][: max(0, room)]
