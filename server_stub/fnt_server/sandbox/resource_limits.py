"""The resource limits a pipeline process sets on itself."""

from __future__ import annotations

import resource
import signal
from contextlib import suppress
from typing import Final

from fnt_server.config.pdf_limits import PdfLimits

LIFETIME_CPU_S: Final = 3600
"""Processor time after which the kernel kills a process, whatever it does about the timer."""
OPEN_FILES: Final = 16


def limit_cpu(seconds: float) -> None:
    """Let the kernel end this process after that much more processor time; 0: not for now."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def limit_process(limits: PdfLimits) -> None:
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
