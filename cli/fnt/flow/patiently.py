"""Requests outside a session that are tried again while the server is out of reach."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from fnt.context import AppContext
from fnt.errors import TemporaryError
from fnt.flow.results.download import NOT_FINISHED
from fnt.output.formatting import link_words
from fnt.patience import Patience
from fnt.progress import LinkState

T = TypeVar("T")

LONGEST_PAUSE_S = 4.0
TELL_EVERY_S = 30.0


class Patiently:
    """Calls a function until the server answers or patience is over, and says what it waits for."""

    def __init__(self, context: AppContext, give_up_s: float) -> None:
        self._context = context
        self._patience = Patience(give_up_s, clock=context.clock)
        self._told_at: float | None = None

    def __call__(self, call: Callable[[], T]) -> T:
        """Return what the call returns; raises its error if it is not temporary, or at the end."""
        while True:
            try:
                result = call()
            except TemporaryError as error:
                if error.code == NOT_FINISHED or not self._patience.failed(error):
                    raise
                self._tell(error)
                pause_s = random.uniform(0.5, 1.0) * LONGEST_PAUSE_S  # noqa: S311 -- no secret
                pause_s = max(pause_s, error.retry_after_s or 0.0)
                self._context.sleep(max(min(pause_s, self._patience.left_s()), 0.0))
            else:
                self._patience.reached()
                self._told_at = None
                return result

    def _tell(self, error: TemporaryError) -> None:
        now = self._context.clock()
        if self._told_at is None or now - self._told_at >= TELL_EVERY_S:
            self._told_at = now
            words = link_words(self._patience.shown(LinkState()), now=now)
            self._context.terminal.say(f"{error.message}; {words}")
