"""A started pipeline process and the socket to it."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from fnt_server.pipeline.engine_protocol import Stopped
from fnt_server.sandbox.messages import Options, Request

POLL_S: Final = 0.2
_BLOCK_BYTES: Final = 1 << 20
_LIBRARIES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Where some Pythons are; a sandbox has no other environment."""
_MODEL_VARIABLES: Final = (
    *_LIBRARIES, "PATH", "HOME", "LANG", "TMPDIR", "FNT_OPENAI_MODEL", "FNT_GEMINI_MODEL",
)  # fmt: skip
_MODEL_PREFIXES: Final = ("OPENAI_", "GEMINI_", "GOOGLE_", "SSL_CERT_", "REQUESTS_")


class Channel:
    """Starts a process, sends it requests and yields its responses."""

    def __init__(self, options: Options) -> None:
        self._socket, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with child_end:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-m", "fnt_server.sandbox.child"),
                    *(str(child_end.fileno()), msgspec.json.encode(options).decode()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[child_end.fileno()],
                env=_environment(is_sandboxed=options.is_sandboxed),
            )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def send(self, request: Request, descriptor: int) -> None:
        """Send a request with a descriptor; raises OSError if the process has ended."""
        line = msgspec.json.encode(request) + b"\n"
        socket.send_fds(self._socket, [line], [descriptor])

    def iter_blocks(self, *, wall_s: float, keep_going: Callable[[], bool]) -> Iterator[bytes]:
        """Yield what comes, looking up every POLL_S.

        Raises Stopped, TimeoutError after `wall_s`, and ConnectionError if the process ends.
        """
        left, before = wall_s, time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            while True:
                if not keep_going():
                    raise Stopped
                if selector.select(POLL_S):
                    block = self._socket.recv(_BLOCK_BYTES)
                    if not block:
                        raise ConnectionError
                    yield block
                # Time in which this process itself stood still is not the document's.
                left, before = left - min(time.monotonic() - before, 5 * POLL_S), time.monotonic()
                if left <= 0:
                    raise TimeoutError

    def cpu_s(self) -> float:
        """Return the processor time the process has used, infinity if the system does not tell."""
        with suppress(OSError, ValueError, IndexError):
            stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
            ticks = stat.rpartition(")")[2].split()[11:13]
            return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        return float("inf")

    def ended_by(self) -> int:
        """Return the signal that ended a process which has closed its socket."""
        try:
            return -self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return signal.SIGKILL

    def kill(self) -> None:
        """End the process."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _environment(*, is_sandboxed: bool) -> dict[str, str]:
    """Return nothing for a sandbox, and what models need outside it: keys, proxies, certificates.

    Neither is told where the database is, the broker, the storage or the signing key.
    """
    names = _LIBRARIES if is_sandboxed else _MODEL_VARIABLES
    return {
        name: value
        for name, value in os.environ.items()
        if name in names
        or (
            not is_sandboxed
            and (name.startswith(_MODEL_PREFIXES) or name.lower().endswith("_proxy"))
        )
    }
