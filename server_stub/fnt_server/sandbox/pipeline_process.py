"""Run steps in a separate process, which a hostile document may hang, fill or crash."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Final, TypeVar

import msgspec

from fnt.wire.jobs import JobWarning, PieceQuality, ProcessingSettings
from fnt_server.config.model_requests import ModelRequests
from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.engines.answer_store import AnswerStore, NoStore
from fnt_server.pipeline.document import Analysis
from fnt_server.pipeline.engine_protocol import EngineFailed
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.sandbox import failures
from fnt_server.sandbox.answers import StepAnswers
from fnt_server.sandbox.channel import Channel
from fnt_server.sandbox.message_reader import MessageReader
from fnt_server.sandbox.messages import (
    Analyzed,
    ChunkRange,
    Described,
    HalfRead,
    Inspected,
    Interim,
    Options,
    Request,
    Response,
    Shortened,
    Work,
)
from fnt_server.sandbox.second_half import SecondHalf

BOOKS_PER_PROCESS: Final = 50
"""PDFium keeps some memory of every book."""
_HELD_BYTES: Final = 8 << 20
"""Of a body in memory; the rest lies in a temporary file."""
_IDLE_SHARE: Final = 1 / 10
"""A process that got less of the wall clock than this was held up by something else."""

_NO_ANSWERS: Final = NoStore()

R = TypeVar("R", Described, Inspected, Analyzed, HalfRead, Shortened)
Serve = Callable[[Channel, Interim, IO[bytes]], None]
"""Does what a process asks for before its response."""


def _refuse(_channel: Channel, _head: Interim, _body: IO[bytes]) -> None:
    raise failures.untrusted()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPlan:
    """An analyzed book: its chunks, with what each is to be made from."""

    page_count: int
    chunks: tuple[ChunkRange, ...]
    body: IO[bytes]
    title: str | None = None
    author: str | None = None
    warnings: tuple[JobWarning, ...] = ()

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
    quality: PieceQuality | None = None


class PipelineProcess:
    """Computes steps one after the other in one warm process.

    All its methods raise PdfRejected, EngineFailed, ExtractionCrashed where the process ends or
    uses up its limits, and Stopped soon after `keep_going` says no; the process is killed then.
    """

    def __init__(
        self,
        limits: PdfLimits | None = None,
        *,
        is_sandboxed: bool = True,
        models: ModelRequests | None = None,
    ) -> None:
        self._limits = limits or PdfLimits()
        self._models = models or ModelRequests()
        self._is_sandboxed = is_sandboxed
        self._channel: Channel | None = None
        self._books = 0

    def start(self) -> None:
        """Start the process now, so that the first step need not wait for it."""
        self._ready_channel()

    def missing_protection(self) -> list[str]:
        """Return what this system lacks of the sandbox, in words."""
        with Path(os.devnull).open("rb") as nothing:
            request = Request(work=Work.DESCRIBE, settings={})
            head, body = self._run(request, nothing, Described)
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
            request = Request(work=Work.INSPECT, settings=settings.to_wire())
            _, body = self._run(request, file, Inspected, keep_going)
        with body:
            return Analysis.from_json(msgspec.json.decode(body.read()))

    def analyze(
        self,
        path: Path,
        settings: ProcessingSettings,
        *,
        keep_going: Callable[[], bool] = lambda: True,
        helper: PipelineProcess | None = None,
    ) -> BookPlan:
        """Return the chunks of a book; a helper reads half of it meanwhile."""
        request = Request(work=Work.ANALYZE, settings=settings.to_wire())
        serve: Serve = _refuse
        with path.open("rb") as file, ExitStack() as stack:
            if helper:
                request = msgspec.structs.replace(request, has_helper=True)
                half = stack.enter_context(SecondHalf(partial(helper.read_half, path), keep_going))
                serve = half.serve
            head, body = self._run(request, file, Analyzed, keep_going, serve)
        if head.page_count > self._limits.max_pages or head.body_bytes != sum(
            chunk.input_bytes for chunk in head.chunks
        ):
            body.close()
            self.close()
            raise failures.untrusted()
        return BookPlan(
            page_count=head.page_count,
            chunks=tuple(head.chunks),
            body=body,
            title=head.title,
            author=head.author,
            warnings=tuple(head.warnings),
        )

    def read_half(self, path: Path, keep_going: Callable[[], bool]) -> IO[bytes]:
        """Return the packed pages of the second half of a book, for `helper` of another process."""
        request = Request(work=Work.READ_HALF, settings={})
        with path.open("rb") as file:
            _, body = self._run(request, file, HalfRead, keep_going)
        return body

    def shorten(
        self,
        path: Path,
        settings: ProcessingSettings,
        *,
        keep_going: Callable[[], bool] = lambda: True,
        answers: AnswerStore = _NO_ANSWERS,
    ) -> ChunkSentences:
        """Return the sentences of a chunk, from its input; `answers` are kept ones of models."""
        request = Request(work=Work.SHORTEN, settings=settings.to_wire())
        kept = StepAnswers(answers, max_bytes=self._limits.output_bytes)
        serve = _refuse if self._is_sandboxed else kept.serve
        with path.open("rb") as file:
            head, body = self._run(request, file, Shortened, keep_going, serve)
        return ChunkSentences(
            sentence_count=head.sentence_count,
            fallback_reasons=head.fallback_reasons,
            lines=body,
            quality=head.quality,
        )

    def close(self) -> None:
        """End the process."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.kill()

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
        return self._channel.pid if self._channel else None

    def _run(
        self,
        request: Request,
        file: IO[bytes],
        wanted: type[R],
        keep_going: Callable[[], bool] = lambda: True,
        serve: Serve = _refuse,
    ) -> tuple[R, IO[bytes]]:
        channel = self._ready_channel()
        self._books += request.work is not Work.SHORTEN
        body = tempfile.SpooledTemporaryFile(max_size=_HELD_BYTES)  # noqa: SIM115 -- the caller's
        try:
            head = self._exchanged(channel, request, file, body, keep_going, serve)
            failures.raise_failure(head, request.work)
            if not isinstance(head, wanted):
                raise failures.untrusted()
        except (PdfRejected, EngineFailed):
            body.close()
            raise
        except ExtractionCrashed as crash:
            body.close()
            self.close()
            if not self._is_sandboxed:
                raise failures.of_model(crash) from None
            raise
        except BaseException:
            body.close()
            self.close()
            raise
        if head.needs_recycling or self._books >= BOOKS_PER_PROCESS:
            self.close()
        return head, body

    def _exchanged(
        self,
        channel: Channel,
        request: Request,
        file: IO[bytes],
        body: IO[bytes],
        keep_going: Callable[[], bool],
        serve: Serve,
    ) -> Response:
        """Send a request and collect the response."""
        cpu_before_s = channel.cpu_s()
        blocks = channel.iter_blocks(wall_s=self._limits.wall_s, keep_going=keep_going)
        messages = MessageReader(blocks, max_body_bytes=self._limits.output_bytes)
        try:
            channel.send(request, file.fileno())
            return self._response(messages, body, partial(serve, channel))
        except TimeoutError:
            used_s = channel.cpu_s() - cpu_before_s
            was_held_up = self._is_sandboxed and used_s < _IDLE_SHARE * self._limits.wall_s
            raise (failures.process_lost() if was_held_up else failures.too_heavy()) from None
        except ConnectionError:
            raise failures.crashed(channel.ended_by()) from None

    def _response(
        self, messages: MessageReader, body: IO[bytes], serve: Callable[[Interim, IO[bytes]], None]
    ) -> Response:
        """Return the response, its body in `body`, after what the step asks for."""
        while isinstance(head := messages.read_head(), Interim):
            with tempfile.SpooledTemporaryFile(max_size=_HELD_BYTES) as content:
                messages.copy_body(head, content)
                serve(head, content)
        messages.copy_body(head, body)
        if messages.has_more:
            raise failures.untrusted()
        return head

    def _ready_channel(self) -> Channel:
        if self._channel and self._channel.has_ended:
            self.close()
        if self._channel is None:
            self._channel = Channel(
                Options(
                    limits=self._limits,
                    is_sandboxed=self._is_sandboxed,
                    models=self._models,
                    keeps_answers=not self._is_sandboxed,
                )
            )
            self._books = 0
        return self._channel
