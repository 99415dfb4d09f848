"""What every renderer is: a context manager that is given states and ticks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from fnt.progress import ProgressState, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneCriteria:
    """When a row has nothing more to tell."""

    accepted: bool = False
    """The server's acceptance is the end of it: nobody watches."""
    outputs: int = 0
    """Files that are saved for each completed job."""

    def is_reached(self, row: Row) -> bool:
        """Whether the row is settled."""
        if self.accepted and row.job is not None:
            return True
        if not row.is_done or row.is_failed or row.save_error is not None:
            return row.is_done
        return len(row.saved) >= self.outputs


class Renderer:
    """Shows progress states. This one shows nothing."""

    has_keys = False
    """Whether keys mean something while it draws."""
    shows_results = False
    """Whether a reader of the terminal sees where results went."""

    def __enter__(self) -> Self:
        """Begin to draw."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was found."""

    def render(self, state: ProgressState) -> None:
        """Take the state that is now true."""

    def tick(self) -> None:
        """Show that time passed; called a few times a second, from another thread."""

    def set_hint(self, hint: str) -> None:
        """Show what keys do now."""


class TeeRenderer(Renderer):
    """One renderer for a person, with recorders that keep what it is given."""

    def __init__(self, shown: Renderer, recorders: Sequence[Renderer]) -> None:
        self._shown = shown
        self._recorders = recorders
        self.has_keys = shown.has_keys
        self.shows_results = shown.shows_results

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._shown.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the terminal as it was found."""
        self._shown.__exit__(*error)

    def render(self, state: ProgressState) -> None:
        """Record, then show."""
        for recorder in self._recorders:
            recorder.render(state)
        self._shown.render(state)

    def tick(self) -> None:
        """Let time pass for all."""
        for recorder in self._recorders:
            recorder.tick()
        self._shown.tick()

    def set_hint(self, hint: str) -> None:
        """Show what keys do now."""
        self._shown.set_hint(hint)


class Ticker:
    """Calls a function at a steady pace in a thread of its own, while entered.

    The session may tell nothing for long, and clocks, countdowns and heartbeats go on.
    """

    def __init__(self, tick: Callable[[], None], *, every_s: float) -> None:
        self._tick = tick
        self._every_s = every_s
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="fnt-ticker", daemon=True)

    def __enter__(self) -> Self:
        """Begin to tick."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End, and raise what a tick raised unless something else is on its way."""
        self._ended.set()
        self._thread.join()
        if self._error is not None and kind is None:
            raise self._error

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self._tick()
            except Exception as error:
                self._error = error
                return
