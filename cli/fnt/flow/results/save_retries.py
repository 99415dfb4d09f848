"""Saving again what could not be saved while the server was away."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

from fnt.flow.results.saver import Saver
from fnt.progress import Row, Saved, SaveFailed

RETRY_EVERY_S = 1.0


def retry_saves(
    saver: Saver,
    *,
    row_of: Callable[[str], Row],
    give_up_s: float,
    wait: Callable[[float], bool],
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Saved | SaveFailed]:
    """Save what is pending once the server is back; what it never is for comes out as SaveFailed.

    Ends when nothing is pending, after `give_up_s` without a result that could be fetched (0 means
    never), or when `wait`, which is given seconds, returns True.
    """
    away_since = clock()
    while saver.pending and clock() - away_since < (give_up_s or math.inf):
        if wait(RETRY_EVERY_S):
            break
        for key in list(saver.pending):
            yield from saver.save(row_of(key))
            if key in saver.pending:
                break
            away_since = clock()
    for key in saver.pending:
        yield saver.give_up(row_of(key))
