"""The renderer interface: a context manager that receives states and ticks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from fnt.progress import ProgressState, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneCriteria:
    """When a row counts as settled."""

    accepted: bool = False
    """Whether a row is settled once the server has accepted it, because nobody watches."""
    outputs: int = 0
    """Number of files saved per completed job."""

    def is_reached(self, row: Row) -> bool:
        """Return whether the row is settled."""
        if self.accepted and row.job is not None:
            return True
        if not row.is_done or row.is_failed or row.save_error is not None:
            return row.is_done
        return len(row.saved) >= self.outputs


class Renderer:
    """Base class of renderers; displays nothing."""

    has_keys = False
    """Whether it responds to key presses."""
    shows_results = False
    """Whether it displays where results were saved."""

    def __enter__(self) -> Self:
        """Start drawing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the terminal."""

    def render(self, state: ProgressState) -> None:
        """Display a new state."""

    def remark(self, name: str, words: str, *, is_warning: bool) -> bool:
        """Draw a remark about a book above the view; returns whether there is a view."""
        del name, words, is_warning
        return False

    def tick(self) -> None:
        """Advance clocks; called a few times per second from another thread."""

    def set_keys(self, *keys: str, question: str = "") -> None:
        """Display what keys do, or a question and its answers."""

    def listen(self, on_key: Callable[[str], None]) -> None:
        """Call `on_key` from a thread for each key pressed."""


class TeeRenderer(Renderer):
    """Forwards to one visible renderer and to recorders."""

    def __init__(self, shown: Renderer, recorders: Sequence[Renderer]) -> None:
        self._shown = shown
        self._recorders = recorders
        self.has_keys = shown.has_keys
        self.shows_results = shown.shows_results

    def __enter__(self) -> Self:
        """Start drawing."""
        self._shown.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Restore the terminal."""
        self._shown.__exit__(*error)

    def render(self, state: ProgressState) -> None:
        """Record the state, then display it."""
        for recorder in self._recorders:
            recorder.render(state)
        self._shown.render(state)

    def remark(self, name: str, words: str, *, is_warning: bool) -> bool:
        """Draw a remark about a book above the view; returns whether there is a view."""
        return self._shown.remark(name, words, is_warning=is_warning)

    def tick(self) -> None:
        """Tick all renderers."""
        for recorder in self._recorders:
            recorder.tick()
        self._shown.tick()

    def set_keys(self, *keys: str, question: str = "") -> None:
        """Display what keys do, or a question and its answers."""
        self._shown.set_keys(*keys, question=question)

    def listen(self, on_key: Callable[[str], None]) -> None:
        """Call `on_key` from a thread for each key pressed."""
        self._shown.listen(on_key)


class Ticker:
    """Context manager that calls a function periodically from a thread.

    It keeps clocks, countdowns, and heartbeats running while the session sends no updates.
    """

    def __init__(self, tick: Callable[[], None], *, every_s: float) -> None:
        self._tick = tick
        self._every_s = every_s
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="fnt-ticker", daemon=True)

    def __enter__(self) -> Self:
        """Start ticking."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop, and raise an exception from a tick unless another one is propagating."""
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
