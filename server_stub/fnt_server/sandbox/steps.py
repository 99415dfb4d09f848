"""The steps as a pipeline process computes them: from a descriptor to a response and its body."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines import get_engine
from fnt_server.engines.answer_store import AnswerStore, NoStore
from fnt_server.engines.tokens import has_finite_verb
from fnt_server.pipeline.analysis import analyze
from fnt_server.pipeline.chunks import plan_chunks, process_chunk
from fnt_server.pipeline.document import Analysis, Paragraph
from fnt_server.pipeline.engine_protocol import EngineFailed
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.extraction.pdf_reader import read_second_half
from fnt_server.pipeline.layout.geometry import Page
from fnt_server.pipeline.stored_sentences import write_lines
from fnt_server.sandbox.messages import (
    Analyzed,
    Bug,
    ChunkRange,
    EngineRefused,
    HalfRead,
    Inspected,
    Options,
    Rejected,
    Request,
    Response,
    Shortened,
    TooHeavy,
    Work,
)
from fnt_server.sandbox.packed_pages import pack_pages

_BLOCK_BYTES = 1 << 20
_NAME_CHARS = 300


class _ChunkInput(msgspec.Struct, frozen=True, kw_only=True):
    """What `_plan` writes of a chunk."""

    paragraphs: list[Paragraph]
    first_paragraph: int | None = None
    """Not in chunks of earlier versions."""


_CHUNKS: Final = msgspec.json.Decoder(_ChunkInput)


def run_step(
    request: Request,
    descriptor: int,
    options: Options,
    *,
    on_open: Callable[[int], None],
    answers: AnswerStore = NoStore(),  # noqa: B008 -- it holds nothing
    second_half: Callable[[], Sequence[Page]] | None = None,
) -> tuple[Response, bytes]:
    """Return the response and its body; a failure is a response too.

    `on_open` is told the number of pages before the first is read. `answers` are those of models,
    `second_half` returns the pages that a helper has read.
    """
    limits = options.limits
    try:
        settings = ProcessingSettings.from_wire(request.settings)
        if request.work is Work.SHORTEN:
            return _shorten(descriptor, settings, options, answers)
        if request.work is Work.READ_HALF:
            return _read_half(descriptor, options, on_open)
        analysis = analyze(
            descriptor,
            settings,
            max_pages=limits.max_pages,
            max_text_chars=limits.max_text_chars,
            on_open=on_open,
            second_half=second_half if request.has_helper else None,
        )
        return _plan(analysis) if request.work is Work.ANALYZE else _inspected(analysis)
    except PdfRejected as rejected:
        return Rejected(code=rejected.code, message=rejected.message), b""
    except EngineFailed as failed:
        return EngineRefused(message=str(failed)[:500], is_certain=failed.certain), b""
    except MemoryError:
        return TooHeavy(), b""
    except Exception as error:  # a bug: the worker logs it
        frames = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
        return Bug(where=f"{type(error).__name__} in {' > '.join(frames[-5:])}"[:500]), b""


def _plan(analysis: Analysis) -> tuple[Response, bytes]:
    chunks, inputs = [], []
    for chunk in plan_chunks(analysis):
        content = {
            "paragraphs": [paragraph.to_json() for paragraph in chunk.paragraphs],
            "first_paragraph": chunk.first_paragraph,
        }
        inputs.append(_json(content))
        chunks.append(
            ChunkRange(
                number=chunk.number,
                start_page=chunk.start_page,
                end_page=chunk.end_page,
                input_bytes=len(inputs[-1]),
            )
        )
    body = b"".join(inputs)
    head = Analyzed(
        page_count=analysis.page_count,
        chunks=chunks,
        title=analysis.title and analysis.title[:_NAME_CHARS],
        author=analysis.author and analysis.author[:_NAME_CHARS],
        warnings=list(analysis.warnings),
        body_bytes=len(body),
    )
    return head, body


def _inspected(analysis: Analysis) -> tuple[Response, bytes]:
    body = _json(analysis.to_json())
    return Inspected(body_bytes=len(body)), body


def _read_half(
    descriptor: int, options: Options, on_open: Callable[[int], None]
) -> tuple[Response, bytes]:
    limits = options.limits
    pages = read_second_half(
        descriptor,
        max_pages=limits.max_pages,
        max_text_chars=limits.max_text_chars,
        on_open=on_open,
    )
    body = pack_pages(pages)
    return HalfRead(body_bytes=len(body)), body


def _shorten(
    descriptor: int, settings: ProcessingSettings, options: Options, answers: AnswerStore
) -> tuple[Response, bytes]:
    chunk = _CHUNKS.decode(b"".join(iter_blocks(descriptor)))
    done = process_chunk(
        chunk.paragraphs,
        settings=settings,
        engine=get_engine(
            settings.engine,
            in_flight=options.models.in_flight,
            batch_sentences=options.models.batch_sentences,
            answers=answers,
        ),
        first_paragraph=chunk.first_paragraph,
        has_finite_verb=has_finite_verb,
    )
    body = b"".join(write_lines(done.sentences))
    head = Shortened(
        sentence_count=len(done.sentences),
        fallback_reasons=dict(done.fallback_reasons),
        quality=done.quality,
        body_bytes=len(body),
    )
    return head, body


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def iter_blocks(descriptor: int) -> Iterator[bytes]:
    """Yield what is in a file."""
    while block := os.read(descriptor, _BLOCK_BYTES):
        yield block
