"""What a process gives up for good before it meets a document."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Collection
from contextlib import suppress
from typing import Final

from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.sandbox import seccomp
from fnt_server.sandbox.resource_limits import forbid_resources, limit_process

_SET_DUMPABLE, _SET_NO_NEW_PRIVS = 4, 38
_MOST_DESCRIPTORS: Final = 4096
"""Closed where the system does not list those that are open."""


def enter_sandbox(limits: PdfLimits, *, keep: Collection[int]) -> list[str]:
    """Drop access to files, network, processes and all other descriptors; returns what is missing.

    All that is used afterwards must be imported before. There is no way back.
    """
    close_others(keep)
    limit_process(limits)
    forbid_resources()
    if sys.platform != "linux":
        return ["no_new_privs", "a filter of system calls"]
    missing = []
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        missing.append("no_new_privs")
    try:
        if not seccomp.is_supported():
            raise OSError
        seccomp.install(libc)
    except OSError:
        missing.append("a filter of system calls")
    return missing


def close_others(keep: Collection[int]) -> None:
    """Close all descriptors but these."""
    try:
        descriptors = [int(name) for name in os.listdir("/dev/fd")]  # noqa: PTH208 -- numbers
    except OSError:
        descriptors = list(range(_MOST_DESCRIPTORS))
    for descriptor in descriptors:
        if descriptor not in keep:
            with suppress(OSError):
                os.close(descriptor)
