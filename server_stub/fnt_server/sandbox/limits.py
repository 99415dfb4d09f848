"""What one step may cost, and the limits a process sets on itself."""

from __future__ import annotations

import resource
import signal
from contextlib import suppress
from typing import Final

import msgspec

SHORTEST_BOOK_SHARE: Final = 1 / 5
"""The share of `cpu_s` that even a book of one page may use."""
LIFETIME_CPU_S: Final = 3600
"""Processor time after which the kernel kills a process, whatever it does about the timer."""
OPEN_FILES: Final = 16


class StepLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one step may cost; a novel of 1000 pages takes 3 s, 150 MB and 2 million characters."""

    memory_bytes: int = 1 << 30
    """Address space, most of which PDFium and Python only reserve."""
    cpu_s: int = 60
    """For a book of `max_pages` or a chunk; the analysis of shorter books gets less, to a fifth."""
    wall_s: float = 60.0
    output_bytes: int = 256 << 20
    max_pages: int = 5000
    max_text_chars: int = 20_000_000
    """The longest novel ever printed has 12 million."""

    def cpu_s_for(self, pages: int) -> float:
        """Return the processor time the analysis of a book of this many pages may use."""
        return self.cpu_s * max(SHORTEST_BOOK_SHARE, pages / self.max_pages)


def limit_cpu(seconds: float) -> None:
    """Let the kernel end this process after that much more processor time; 0: not for now."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_process(limits: StepLimits) -> None:
    """Limit the memory of this process; no core dumps, which would hold somebody's book."""
    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_AS, limits.memory_bytes)


def forbid_resources() -> None:
    """Let this process write no file, start no process and open few descriptors."""
    _set_limit(resource.RLIMIT_FSIZE, 0)
    _set_limit(resource.RLIMIT_NPROC, 0)
    _set_limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _set_limit(resource.RLIMIT_CPU, LIFETIME_CPU_S)


def _set_limit(kind: int, value: int) -> None:
    """Set a limit for good; macOS defines some of them but refuses to set them."""
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, value))
