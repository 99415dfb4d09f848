"""Locks on files that the system releases with their process, and that a child can inherit.

Only on Unix, as the server itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fnt.errors import SetupError
from fnt.files import NO_FOLLOW, PRIVATE, reason_of


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """Lock a file and return its descriptor; None if it is locked. Raises SetupError."""
    import fcntl  # noqa: PLC0415 -- not on Windows

    flags = os.O_RDWR | os.O_CREAT | NO_FOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, PRIVATE)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {reason_of(error)}") from error
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError as error:
        os.close(descriptor)
        raise SetupError(f"{path} cannot be locked: {reason_of(error)}") from error
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a process holds an exclusive lock on a file."""
    if not path.exists():
        return False
    descriptor = try_lock(path, shared=True)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


@contextmanager
def closing(descriptor: int) -> Iterator[int]:
    """Close a descriptor, and with it the lock unless a child inherited it."""
    try:
        yield descriptor
    finally:
        with suppress(OSError):
            os.close(descriptor)
