"""Leaves out what a library imports only if it is there, and the server has no use for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Let a package seem not to be installed to what is imported meanwhile."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # None marks the module as absent
    try:
        yield
    finally:
        del sys.modules[name]
