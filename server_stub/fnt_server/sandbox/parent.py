"""Runs extraction in a child process that a hostile file may crash."""

from __future__ import annotations

import json
import logging
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from fnt.wire.errors import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.document import Analysis
from fnt_server.pipeline.engine_protocol import Stopped
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.sandbox.limits import SandboxLimits

_log = logging.getLogger(__name__)

POLL_S: Final = 0.2
BOOKS_PER_CHILD: Final = 50
"""PDFium keeps some memory of every book."""
_KEPT_ENVIRONMENT: Final = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""The child parses untrusted files, so it must not have the server's secrets."""

_TOO_HEAVY: Final = (
    "reading the file takes more time or memory than any novel should: print it to a new PDF"
)
_BROKEN: Final = "the file crashes the PDF reader: print it to a new PDF and send that"
_LOST: Final = "the PDF reader was killed: try again"


class Extractor:
    """Analyzes books one after another in a reused child process."""

    def __init__(self, limits: SandboxLimits | None = None) -> None:
        self._limits = limits or SandboxLimits()
        self._child: subprocess.Popen[bytes] | None = None
        self._books = 0

    def analyze(
        self,
        path: Path,
        settings: ProcessingSettings,
        *,
        keep_going: Callable[[], bool] = lambda: True,
    ) -> Analysis:
        """Return the book's paragraphs; raises PdfRejected, ExtractionCrashed or Stopped."""
        child = self._ready_child()
        self._books += 1
        try:
            answer = self._ask(child, _request(path, settings), keep_going)
        except BaseException:
            self._kill()
            raise
        return _read_answer(answer)

    def close(self) -> None:
        """End the child."""
        self._kill()

    def __enter__(self) -> Extractor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ready_child(self) -> subprocess.Popen[bytes]:
        if self._books >= BOOKS_PER_CHILD or (self._child and self._child.poll() is not None):
            self._kill()
        if self._child is None:
            self._child = _start(self._limits)
        return self._child

    def _ask(
        self, child: subprocess.Popen[bytes], request: bytes, keep_going: Callable[[], bool]
    ) -> bytes:
        assert child.stdin and child.stdout
        deadline = time.monotonic() + self._limits.wall_s
        try:
            child.stdin.write(request)
            child.stdin.flush()
        except BrokenPipeError:
            raise _crash(child) from None
        return self._receive(child, deadline, keep_going)

    def _receive(
        self, child: subprocess.Popen[bytes], deadline: float, keep_going: Callable[[], bool]
    ) -> bytes:
        """Read one line, checking `keep_going` every POLL_S."""
        assert child.stdout
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(child.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not keep_going():
                    raise Stopped
                left = deadline - time.monotonic()
                if left <= 0 or len(received) > 12 * self._limits.max_text_chars:
                    raise ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)
                if not selector.select(min(POLL_S, left)):
                    continue
                block = os.read(child.stdout.fileno(), 1 << 20)
                if not block:
                    raise _crash(child)
                received += block
        return bytes(received)

    def _kill(self) -> None:
        child, self._child, self._books = self._child, None, 0
        if child is None:
            return
        child.kill()
        child.wait()
        assert child.stdin and child.stdout
        for pipe in (child.stdin, child.stdout):
            with suppress(BrokenPipeError):  # an unsent request of a dead child
                pipe.close()


def _start(limits: SandboxLimits) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "fnt_server.sandbox.child", json.dumps(asdict(limits))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _request(path: Path, settings: ProcessingSettings) -> bytes:
    return json.dumps({"path": str(path), "settings": settings.to_wire()}).encode() + b"\n"


def _read_answer(line: bytes) -> Analysis:
    answer: Mapping[str, Any] = json.loads(line)
    if "analysis" in answer:
        return Analysis.from_json(answer["analysis"])
    if "rejected" in answer:
        raise PdfRejected(JobErrorCode(answer["rejected"]), answer["message"])
    if "too_heavy" in answer:
        raise ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)
    _log.error("extraction failed: %s", answer["bug"])
    raise ExtractionCrashed(JobErrorCode.PDF_DAMAGED, _BROKEN)


def _crash(child: subprocess.Popen[bytes]) -> ExtractionCrashed:
    """Return the error for how a child that closed its pipes ended."""
    try:
        ended_by = -child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        ended_by = signal.SIGKILL
    if ended_by in (signal.SIGSEGV, signal.SIGBUS):
        return ExtractionCrashed(JobErrorCode.PDF_DAMAGED, _BROKEN)
    # PDFium traps or aborts when it runs out of memory
    if ended_by in (signal.SIGXCPU, signal.SIGABRT, signal.SIGILL, signal.SIGTRAP):
        return ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)
    return ExtractionCrashed(JobErrorCode.WORKER_LOST, _LOST)
