"""The limits of one extraction, and how the child process sets them on itself."""

from __future__ import annotations

import math
import resource
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

SHORTEST_BOOK_SHARE: Final = 1 / 5
"""The share of `cpu_s` that even a book of one page may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """The limits for one book; a novel of 1000 pages takes 3 s, 150 MB and 2 million characters."""

    memory_bytes: int = 1 << 30
    """Address space, most of which PDFium and Python only reserve."""
    cpu_s: int = 60
    """For a book of `max_pages`; shorter ones get less, down to a fifth."""
    wall_s: float = 60.0
    max_pages: int = 5000
    max_text_chars: int = 20_000_000
    """The longest novel ever published has 12 million."""

    def cpu_s_for(self, pages: int) -> float:
        """Return the processor time a book of this many pages may use."""
        return self.cpu_s * max(SHORTEST_BOOK_SHARE, pages / self.max_pages)


def limit_memory(max_bytes: int) -> None:
    """Limit the address space of this process and write no core dumps."""
    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_AS, max_bytes)


def limit_cpu(seconds: float) -> None:
    """Allow this process that much more processor time; then the kernel kills it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set_limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + seconds))


def _set_limit(kind: int, value: int) -> None:
    """Set a limit; macOS defines some of them but refuses to set them."""
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
