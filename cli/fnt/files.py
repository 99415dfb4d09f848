"""A lock between processes: only one of them renews a login, or works through a ledger."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fnt.errors import TemporaryError

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def file_lock(
    path: Path,
    *,
    timeout_s: float = 20.0,
    busy: str = "another fnt is renewing the login and does not come to an end",
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold a file's lock; it goes with the process, however that ends.

    Raises TemporaryError with the words of `busy` when another process keeps it for too long.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        give_up_at = clock() + timeout_s
        while not _locked(descriptor):
            if clock() >= give_up_at:
                raise TemporaryError(busy, code="LOCKED")
            sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        _try_lock(descriptor)
    except OSError:
        return False
    return True
