"""The second half of a book, which a helper reads while the first half is read.

The helper is another pipeline process. It only saves time: when it fails, or takes too long, the
process that analyzes the book reads all of it, and nobody is told.
"""

from __future__ import annotations

import os
import queue
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import copy_context
from types import TracebackType
from typing import IO, Final

import msgspec

from fnt_server.pipeline.engine_protocol import EngineFailed, Stopped
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.pipeline.layout.geometry import Page
from fnt_server.sandbox import failures
from fnt_server.sandbox.channel import POLL_S, Channel
from fnt_server.sandbox.messages import Interim, Request, SecondHalfWanted, Work
from fnt_server.sandbox.packed_pages import unpack_pages
from fnt_server.sandbox.steps import iter_blocks

_PATIENCE_S: Final = 1.0
"""What a helper may take for its half beyond what the first half took."""

KeepGoing = Callable[[], bool]


class HalfOfHelper:
    """The child's end."""

    def __init__(
        self, channel: socket.socket, requests: queue.SimpleQueue[tuple[Request, int]]
    ) -> None:
        self._channel = channel
        self._requests = requests

    def read(self) -> Sequence[Page]:
        """Return the pages that the helper has read, or none."""
        self._channel.sendall(msgspec.json.encode(SecondHalfWanted()) + b"\n")
        _, descriptor = self._requests.get()
        try:
            return unpack_pages(b"".join(iter_blocks(descriptor)))
        finally:
            os.close(descriptor)


class SecondHalf:
    """The parent's end, for one book; the helper reads in the background from entering on."""

    def __init__(self, read: Callable[[KeepGoing], IO[bytes]], keep_going: KeepGoing) -> None:
        self._read = read
        self._keep_going = keep_going
        self._is_wanted = True
        self._pages: IO[bytes] | None = None
        self._began = time.monotonic()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._keep_reading,), name="second half", daemon=True
        )

    def __enter__(self) -> SecondHalf:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_wanted = False
        self._thread.join()
        if self._pages:
            self._pages.close()

    def serve(self, channel: Channel, head: Interim, _body: IO[bytes]) -> None:
        """Send the pages, or none; raises ExtractionCrashed if something else is wanted."""
        if not isinstance(head, SecondHalfWanted) or not self._is_wanted:
            raise failures.untrusted()
        self._wait()
        self._is_wanted = False
        with self._pages or tempfile.TemporaryFile() as file:
            channel.send(Request(work=Work.SECOND_HALF, settings={}), file.fileno())

    def _wait(self) -> None:
        now = time.monotonic()
        ends = now + (now - self._began) + _PATIENCE_S
        while self._thread.is_alive() and self._keep_going() and time.monotonic() < ends:
            self._thread.join(POLL_S)

    def _keep_reading(self) -> None:
        try:
            self._pages = self._read(lambda: self._is_wanted and self._keep_going())
        except (PdfRejected, EngineFailed, ExtractionCrashed, Stopped, OSError):
            return
