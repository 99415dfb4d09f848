"""Asks a child process that has loaded pypdf, and looks at each PDF in a fork of its own.

To start Python and load pypdf takes longer than most looks, and can be done ahead. Each fork has
the limits and the death of a process that is started for one file.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from typing import Any, BinaryIO, Self

from fnt.pdf_look import child_process
from fnt.pdf_look.serve import TIME_LIMIT

_CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")
_BLOCK_BYTES = 1 << 16


class WarmChild:
    """Looks at many files, also at once; where nothing can be forked, by a process for each."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._ahead: dict[object, socket.socket] = {}
        """Files that are looked at before they are asked about, and where the answers come."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, once; what it lacks, `ask` makes up for."""
        if not _CAN_FORK or self._channel is not None:
            return
        self._channel, theirs = socket.socketpair()
        with theirs, suppress(OSError):
            self._process = child_process.start_child(
                "fnt.pdf_look.serve",
                str(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def look_ahead(self, path: str) -> None:
        """Begin the look at a file that is likely to be asked about; does nothing if it cannot."""
        if self._channel is None:
            return
        with suppress(OSError):
            if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 -- pathlib is not loaded yet
                return  # to open a pipe and close it again would end its writer
            self._look_ahead(path)

    def _look_ahead(self, path: str) -> None:
        with open(path, "rb", buffering=0, opener=_without_waiting) as file:
            answer = self._asked(file, child_process.LOOK_WITHIN_S) if _is_regular(file) else None
            if answer is not None:
                self._ahead[_identity(file)] = answer

    def close(self) -> None:
        """End the process and all looks."""
        while self._ahead:
            self._ahead.popitem()[1].close()
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # a look in C code sees no other end
            process.wait()

    def ask(
        self, file: BinaryIO, *, timeout_s: float, stopped: threading.Event
    ) -> Mapping[str, Any]:
        """Return what a look at the file finds, or the reason why there is none."""
        ends_at = time.monotonic() + timeout_s
        answer = self._ahead.pop(_identity(file), None) or self._asked(file, timeout_s)
        if answer is None:
            return child_process.ask_child(file, timeout_s=timeout_s, stopped=stopped)
        try:
            with answer:
                found: dict[str, Any] = json.loads(_received(answer, ends_at, stopped))
        except TimeoutError:
            return child_process.no_answer(timeout_s)
        except (OSError, ValueError):
            return child_process.FAILED
        return found

    def _asked(self, file: BinaryIO | FileIO, timeout_s: float) -> socket.socket | None:
        """Hand over a file, and return where the answer comes; None without a process."""
        channel = self._channel
        if channel is None or self._process is None:
            return None
        mine, theirs = socket.socketpair()
        with theirs:
            try:
                limit = TIME_LIMIT.pack(timeout_s)
                socket.send_fds(channel, [limit], [file.fileno(), theirs.fileno()])
            except OSError:
                mine.close()
                return None
        return mine


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe would wait for a writer


def _is_regular(file: BinaryIO | FileIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _identity(file: BinaryIO | FileIO) -> object:
    """Return what is the same as long as it is the same file with the same content."""
    facts = os.fstat(file.fileno())
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


def _received(answer: socket.socket, ends_at: float, stopped: threading.Event) -> bytes:
    """Return all that comes; raises TimeoutError, also soon after the run stops."""
    received = b""
    while True:
        left_s = ends_at - time.monotonic()
        if left_s <= 0 or stopped.is_set():
            raise TimeoutError
        answer.settimeout(min(child_process.STOP_WITHIN_S, left_s))
        with suppress(TimeoutError):
            block = answer.recv(_BLOCK_BYTES)
            if not block:
                return received
            received += block
