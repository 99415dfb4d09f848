"""The display of a run: its state, drawn by a renderer and steered by keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import PurePath

from fnt.context import AppContext
from fnt.flow.live_view_keys import LiveViewKeys
from fnt.flow.plan import Plan
from fnt.output.factory import pick_renderer
from fnt.output.renderer import Ticker
from fnt.progress import ProgressState, Row, RowsRetired, Update, reduce
from fnt.session import Session

TICK_S = 0.125
ROW_LIFETIME_S = 3.0
"""How long a batch keeps an ended row: more than the longest redraw interval."""
FAILED_KEPT = 20
"""Number of failures a batch keeps in sight."""


class RunDisplay:
    """The displayed state of one run."""

    def __init__(self, context: AppContext, session: Session, plan: Plan, *, server: str) -> None:
        self._context = context
        self._plan = plan
        self.state = ProgressState(server=server, started_at=context.clock())
        self._renderer = pick_renderer(
            context.terminal,
            context.report,
            criteria=plan.criteria,
            clock=context.clock,
            progress=context.options.progress,
        )
        self._keys = LiveViewKeys(session=session, renderer=self._renderer, rows=self.rows)
        self._has_keys = not plan.is_batch and self._renderer.has_keys
        self._ended: deque[tuple[float, str]] = deque()
        self._failed: deque[str] = deque()

    @property
    def has_detached(self) -> bool:
        """Whether a key ended the run."""
        return self._keys.has_detached

    def rows(self) -> list[Row]:
        """Return all rows that are displayed."""
        return list(self.state.rows.values())

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw, and read keys, until the end of the block."""
        if self._has_keys:
            self._renderer.listen(self._keys.press)
            self._keys.show_keys()
        with self._renderer, Ticker(self._renderer.tick, every_s=TICK_S):
            yield

    def show(self, update: Update) -> None:
        """Apply an update and display it."""
        self.state = reduce(self.state, update, now=self._context.clock())
        self._renderer.render(self.state)

    def remark(self, name: str, words: str) -> None:
        """Say something about a book; the live view has a column for names without folders."""
        if not self._renderer.remark(PurePath(name).name, words, is_warning=False):
            self._context.terminal.say(f"{name}: {words}")

    def warn(self, name: str, words: str) -> None:
        """Say of a book that something may be wrong."""
        if not self._renderer.remark(PurePath(name).name, words, is_warning=True):
            self._context.terminal.warn(name, words)

    def expect(self, pending: int) -> None:
        """Count so many rows before they appear."""
        self.state = replace(self.state, pending=pending)

    def look_at_keys(self) -> None:
        """Detach, if a key asked for it and nothing is being sent."""
        if self._has_keys:
            self._keys.look_again()

    def settled(self, key: str) -> None:
        """Note that a row is over; a batch retires it after a while."""
        if not self._plan.is_batch:
            return
        if self.state.rows[key].is_failed:
            self._failed.append(key)
            if len(self._failed) <= FAILED_KEPT:
                return
            key = self._failed.popleft()
        self._ended.append((self._context.clock(), key))

    @property
    def is_live(self) -> bool:
        """Whether it is redrawn in place."""
        return self._renderer.shows_results

    @property
    def elapsed_s(self) -> float:
        """How long the run has taken."""
        return self._context.clock() - self.state.started_at

    def retire_rows(self) -> None:
        """Retire rows that were settled some time ago."""
        now, keys = self._context.clock(), list[str]()
        while self._ended and now - self._ended[0][0] >= ROW_LIFETIME_S:
            keys.append(self._ended.popleft()[1])
        if keys:
            self.show(RowsRetired(keys=tuple(keys)))

    def tell_saved(self, key: str) -> None:
        """Write where a row's results are, unless the live view shows that."""
        if self._renderer.shows_results and self._context.terminal.out_is_terminal:
            return
        for path in self.state.rows[key].saved:
            self._context.terminal.result(str(path))
