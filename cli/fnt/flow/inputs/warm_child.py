"""A child process that has loaded pypdf, and looks at each PDF in a fork of its own.

To start Python and load pypdf takes longer than most looks, and can be done ahead. Run as a
program, this module is that process. Each fork has the limits and the death of a process that is
started for one file; see `preflight`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO, Self

from fnt.flow.inputs import preflight

_CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")
_BLOCK_BYTES = 1 << 16
_TIME_LIMIT = struct.Struct("d")
"""What is sent with a file: seconds."""


class WarmChild:
    """Looks at many files, also at once; where nothing can be forked, by a process for each."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the process; what it lacks, `ask` makes up for."""
        if not _CAN_FORK:
            return
        self._channel, theirs = socket.socketpair()
        with theirs, suppress(OSError):
            self._process = preflight.start_child(
                __name__,
                str(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def close(self) -> None:
        """End the process and all looks."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # a look in C code sees no other end
            self._process.wait()

    def ask(
        self, file: BinaryIO, *, timeout_s: float, stopped: threading.Event
    ) -> Mapping[str, Any]:
        """Return what a look at the file finds, or the reason why there is none."""
        ends_at = time.monotonic() + timeout_s
        answer = self._asked(file, timeout_s)
        if answer is None:
            return preflight.ask_child(file, timeout_s=timeout_s, stopped=stopped)
        try:
            with answer:
                found: dict[str, Any] = json.loads(_received(answer, ends_at, stopped))
        except TimeoutError:
            return preflight.no_answer(timeout_s)
        except (OSError, ValueError):
            return preflight.FAILED
        return found

    def _asked(self, file: BinaryIO, timeout_s: float) -> socket.socket | None:
        """Hand over a file, and return where the answer comes; None without a process."""
        channel = self._channel
        if channel is None or self._process is None:
            return None
        mine, theirs = socket.socketpair()
        with theirs:
            try:
                limit = _TIME_LIMIT.pack(timeout_s)
                socket.send_fds(channel, [limit], [file.fileno(), theirs.fileno()])
            except OSError:
                mine.close()
                return None
        return mine


def _received(answer: socket.socket, ends_at: float, stopped: threading.Event) -> bytes:
    """Return all that comes; raises TimeoutError, also soon after the run stops."""
    received = b""
    while True:
        left_s = ends_at - time.monotonic()
        if left_s <= 0 or stopped.is_set():
            raise TimeoutError
        answer.settimeout(min(preflight.STOP_WITHIN_S, left_s))
        with suppress(TimeoutError):
            block = answer.recv(_BLOCK_BYTES)
            if not block:
                return received
            received += block


def _serve(channel: socket.socket) -> None:
    """Fork for each file that comes, until the other end is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with suppress(ImportError):
        import pypdf  # noqa: F401, PLC0415 -- loaded once, for all forks
    while True:
        limit, descriptors, _, _ = socket.recv_fds(channel, _TIME_LIMIT.size, 2)
        if len(descriptors) < 2:
            return
        if os.fork() == 0:
            channel.close()
            # Ends it at once, also one that holds the interpreter.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, *_TIME_LIMIT.unpack(limit))
            _look(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _look(file: int, answer: int) -> None:
    """Answer and exit; as soon as nobody waits for the answer, too."""
    try:
        with socket.socket(fileno=answer) as channel, os.fdopen(file, "rb") as opened:
            threading.Thread(target=_exit_with, args=(channel,), daemon=True).start()
            preflight.limit_resources()
            channel.sendall(json.dumps(preflight.look(opened)).encode())
    finally:
        os._exit(0)


def _exit_with(channel: socket.socket) -> None:
    with suppress(OSError):
        channel.recv(1)
    os._exit(1)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
