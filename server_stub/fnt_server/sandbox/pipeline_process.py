"""Runs steps in a process of its own, which a hostile document may hold up, fill or crash."""

from __future__ import annotations

import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, TypeVar

import msgspec

from fnt.wire.errors import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt_server.logs import escaped
from fnt_server.pipeline.document import Analysis
from fnt_server.pipeline.engine_protocol import EngineFailed, Stopped
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.sandbox.limits import StepLimits
from fnt_server.sandbox.messages import (
    MAX_HEAD_BYTES,
    Analyzed,
    Bug,
    ChunkRange,
    Described,
    EngineRefused,
    Inspected,
    Options,
    Rejected,
    Request,
    Response,
    Shortened,
    TooHeavy,
    Work,
)

_log = logging.getLogger(__name__)

POLL_S: Final = 0.2
BOOKS_PER_PROCESS: Final = 50
"""PDFium keeps some memory of every book."""
_HELD_BYTES: Final = 8 << 20
"""Of a body in memory; the rest lies in a temporary file."""
_BLOCK_BYTES: Final = 1 << 20
_IDLE_SHARE: Final = 1 / 10
"""A process that got less of the wall clock than this was held up by something else."""
_LIBRARIES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Where some Pythons are; a sandbox has no other environment."""
_MODEL_VARIABLES: Final = (
    *_LIBRARIES, "PATH", "HOME", "LANG", "TMPDIR", "FNT_OPENAI_MODEL", "FNT_GEMINI_MODEL",
)  # fmt: skip
_MODEL_PREFIXES: Final = ("OPENAI_", "GEMINI_", "GOOGLE_", "SSL_CERT_", "REQUESTS_")

_TOO_HEAVY: Final = (
    "reading the file takes more time or memory than any novel should: print it to a new PDF"
)
_BROKEN: Final = "the file crashes the PDF reader: print it to a new PDF and send that"
_LOST: Final = "the PDF reader was killed: try again"
_MISTAKE: Final = "internal server error: see the server's log for this job"

R = TypeVar("R", Described, Inspected, Analyzed, Shortened)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPlan:
    """An analyzed book: its chunks, with what each is to be made from."""

    page_count: int
    chunks: tuple[ChunkRange, ...]
    body: IO[bytes]

    def iter_inputs(self) -> Iterator[tuple[ChunkRange, bytes]]:
        """Yield each chunk with its input; once."""
        for chunk in self.chunks:
            yield chunk, self.body.read(chunk.input_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSentences:
    """The sentences of a chunk as they are stored."""

    sentence_count: int
    fallback_reasons: dict[str, int]
    lines: IO[bytes]


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    channel: socket.socket
    books: int = 0
    cpu_before_s: float = 0.0


_HEADS: Final = msgspec.json.Decoder(Response)
"""Made once: msgspec must not look up the fields of a struct in two threads."""


class PipelineProcess:
    """Computes steps one after the other in one warm process.

    All its methods raise PdfRejected, EngineFailed, ExtractionCrashed where the process ends or
    uses up its limits, and Stopped soon after `keep_going` says no; the process is killed then.
    """

    def __init__(self, limits: StepLimits | None = None, *, is_sandboxed: bool = True) -> None:
        self._limits = limits or StepLimits()
        self._is_sandboxed = is_sandboxed
        self._child: _Child | None = None

    def start(self) -> None:
        """Start the process now, so that the first step need not wait for it."""
        self._ready_child()

    def missing_protection(self) -> list[str]:
        """Return what this system lacks of the sandbox, in words."""
        with Path(os.devnull).open("rb") as nothing:
            head, body = self._run(Work.DESCRIBE, nothing, {}, Described)
        body.close()
        return head.missing

    def inspect(
        self,
        path: Path,
        settings: ProcessingSettings,
        *,
        keep_going: Callable[[], bool] = lambda: True,
    ) -> Analysis:
        """Return a book's paragraphs and what was left out."""
        with path.open("rb") as file:
            _, body = self._run(Work.INSPECT, file, settings.to_wire(), Inspected, keep_going)
        with body:
            return Analysis.from_json(msgspec.json.decode(body.read()))

    def analyze(
        self,
        path: Path,
        settings: ProcessingSettings,
        *,
        keep_going: Callable[[], bool] = lambda: True,
    ) -> BookPlan:
        """Return the chunks of a book."""
        with path.open("rb") as file:
            head, body = self._run(Work.ANALYZE, file, settings.to_wire(), Analyzed, keep_going)
        if head.page_count > self._limits.max_pages or head.body_bytes != sum(
            chunk.input_bytes for chunk in head.chunks
        ):
            body.close()
            raise self._untrusted()
        return BookPlan(page_count=head.page_count, chunks=tuple(head.chunks), body=body)

    def shorten(
        self,
        path: Path,
        settings: ProcessingSettings,
        *,
        keep_going: Callable[[], bool] = lambda: True,
    ) -> ChunkSentences:
        """Return the sentences of a chunk, from its input."""
        with path.open("rb") as file:
            head, body = self._run(Work.SHORTEN, file, settings.to_wire(), Shortened, keep_going)
        return ChunkSentences(
            sentence_count=head.sentence_count, fallback_reasons=head.fallback_reasons, lines=body
        )

    def close(self) -> None:
        """End the process."""
        self._kill()

    def __enter__(self) -> PipelineProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._child.process.pid if self._child else None

    def _run(
        self,
        work: Work,
        file: IO[bytes],
        settings: dict[str, Any],
        wanted: type[R],
        keep_going: Callable[[], bool] = lambda: True,
    ) -> tuple[R, IO[bytes]]:
        child = self._ready_child()
        child.books += work is not Work.SHORTEN
        child.cpu_before_s = _cpu_s(child)
        body = tempfile.SpooledTemporaryFile(max_size=_HELD_BYTES)  # noqa: SIM115 -- the caller's
        try:
            request = msgspec.json.encode(Request(work=work, settings=settings)) + b"\n"
            try:
                socket.send_fds(child.channel, [request], [file.fileno()])
            except OSError:
                raise self._crash() from None
            head = self._receive(child, body, keep_going)
            _raise_failure(head, work)
            if not isinstance(head, wanted):
                raise self._untrusted()
        except (PdfRejected, EngineFailed):
            body.close()
            raise
        except BaseException:
            body.close()
            self._kill()
            raise
        if head.needs_recycling or child.books >= BOOKS_PER_PROCESS:
            self._kill()
        body.seek(0)
        return head, body

    def _receive(self, child: _Child, body: IO[bytes], keep_going: Callable[[], bool]) -> Response:
        """Collect the response, looking up every POLL_S."""
        received = bytearray()
        head: Response | None = None
        left = 0
        for block in self._iter_blocks(child, keep_going):
            received += block
            if head is None:
                if b"\n" not in block:
                    if len(received) > MAX_HEAD_BYTES:
                        raise self._untrusted()
                    continue
                line, _, rest = received.partition(b"\n")
                head, received = self._read_head(line), rest
                left = head.body_bytes
            body.write(received)
            left -= len(received)
            received.clear()
            if left <= 0:
                break
        if head is None or left:
            raise self._untrusted()
        return head

    def _iter_blocks(self, child: _Child, keep_going: Callable[[], bool]) -> Iterator[bytes]:
        """Yield what comes, until the wall clock budget is used up."""
        left, before = self._limits.wall_s, time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(child.channel, selectors.EVENT_READ)
            while True:
                if not keep_going():
                    raise Stopped
                if selector.select(POLL_S):
                    block = b""
                    with suppress(ConnectionResetError):  # it died with a request unread
                        block = child.channel.recv(_BLOCK_BYTES)
                    if not block:
                        raise self._crash()
                    yield block
                # Time in which this process itself stood still is not the document's.
                left, before = left - min(time.monotonic() - before, 5 * POLL_S), time.monotonic()
                if left <= 0:
                    raise self._out_of_time(child)

    def _read_head(self, line: bytes | bytearray) -> Response:
        try:
            head: Response = _HEADS.decode(line)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise self._untrusted() from None
        if head.body_bytes > self._limits.output_bytes:
            raise ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)
        return head

    def _ready_child(self) -> _Child:
        if self._child and self._child.process.poll() is not None:
            self._kill()
        if self._child is None:
            self._child = _start(Options(limits=self._limits, is_sandboxed=self._is_sandboxed))
        return self._child

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.channel.close()
            child.process.kill()
            child.process.wait()

    def _out_of_time(self, child: _Child) -> ExtractionCrashed:
        """Tell a document that takes too long from a process that was held up."""
        if _cpu_s(child) - child.cpu_before_s < _IDLE_SHARE * self._limits.wall_s and (
            self._is_sandboxed
        ):
            return ExtractionCrashed(JobErrorCode.WORKER_LOST, _LOST)
        return ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)

    def _untrusted(self) -> ExtractionCrashed:
        self._kill()
        _log.error("the pipeline process answered what it may not")
        return ExtractionCrashed(JobErrorCode.PDF_DAMAGED, _BROKEN)

    def _crash(self) -> ExtractionCrashed:
        """Say how a process ended that closed its socket."""
        assert self._child
        try:
            ended_by = -self._child.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            ended_by = signal.SIGKILL
        if ended_by in (signal.SIGSEGV, signal.SIGBUS):
            return ExtractionCrashed(JobErrorCode.PDF_DAMAGED, _BROKEN)
        # PDFium traps or aborts when it gets no memory
        if ended_by in (
            signal.SIGPROF, signal.SIGXCPU, signal.SIGABRT, signal.SIGILL, signal.SIGTRAP,
        ):  # fmt: skip
            return ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)
        return ExtractionCrashed(JobErrorCode.WORKER_LOST, _LOST)


def _start(options: Options) -> _Child:
    channel, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with child_end:
        process = subprocess.Popen(
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
    return _Child(process, channel)


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


def _raise_failure(head: Response, work: Work) -> None:
    match head:
        case Rejected():
            raise PdfRejected(head.code, head.message)
        case EngineRefused():
            raise EngineFailed(head.message, certain=head.is_certain)
        case TooHeavy():
            raise ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)
        case Bug():
            _log.error("the pipeline failed: %s", escaped(head.where))
            if work is Work.SHORTEN:
                raise ExtractionCrashed(JobErrorCode.INTERNAL, _MISTAKE)
            raise ExtractionCrashed(JobErrorCode.PDF_DAMAGED, _BROKEN)


def _cpu_s(child: _Child) -> float:
    """Return the processor time a process has used, 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        stat = Path(f"/proc/{child.process.pid}/stat").read_text(encoding="ascii")
        ticks = stat.rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    return float("inf")
