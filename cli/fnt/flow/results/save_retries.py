"""Retries of saves that failed because the server was unreachable."""

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
    """Save pending results once the server is back; yield SaveFailed for those that stay pending.

    Ends when nothing is pending, after `give_up_s` seconds without a successful save (0: never), or
    when `wait`, called with seconds, returns True.
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
