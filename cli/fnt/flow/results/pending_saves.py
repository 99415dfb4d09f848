"""Retries of saves that failed because the server was unreachable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fnt.flow.results.saver import Saver
from fnt.patience import Patience
from fnt.progress import LinkState, Row, Saved, SaveFailed

RETRY_EVERY_S = 1.0
LONGEST_PAUSE_S = 30.0
"""Longest pause between two attempts while jobs are still watched."""


class PendingSaves:
    """Saves pending results as soon as the server is back."""

    def __init__(
        self,
        saver: Saver,
        *,
        row_of: Callable[[str], Row],
        patience: Patience,
        clock: Callable[[], float],
    ) -> None:
        self._saver = saver
        self._row_of = row_of
        self._patience = patience
        self._clock = clock
        self._pause_s = RETRY_EVERY_S
        self._due_at: float | None = None

    def retry_due(self) -> Iterator[Saved | SaveFailed]:
        """Try again if it is time to, as long as the run has other work."""
        if not self._saver.pending:
            self._due_at = None
            return
        now = self._clock()
        if self._due_at is None:
            self._pause_s, self._due_at = RETRY_EVERY_S, now + RETRY_EVERY_S
        elif now >= self._due_at:
            yield from self._retry()
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
            self._due_at = self._clock() + self._pause_s

    def finish(self, *, wait: Callable[[float], bool]) -> Iterator[Saved | SaveFailed | LinkState]:
        """Save everything pending; yield SaveFailed for what stays pending.

        Ends when patience is over, or when `wait`, called with seconds, returns True.
        """
        is_patient = True
        while self._saver.pending and is_patient and not wait(RETRY_EVERY_S):
            yield from self._retry()
            for error in list(self._saver.pending.values())[:1]:
                is_patient = self._patience.failed(error)
            yield self._patience.shown(LinkState())
        for key in list(self._saver.pending):
            yield self._saver.give_up(self._row_of(key))

    def _retry(self) -> Iterator[Saved | SaveFailed]:
        """Try each pending row until one fails again."""
        for key in list(self._saver.pending):
            yield from self._saver.save(self._row_of(key))
            if key in self._saver.pending:
                return
            self._pause_s = RETRY_EVERY_S
            self._patience.reached()
