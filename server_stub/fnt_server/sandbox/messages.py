"""What the worker and its pipeline process tell each other.

A request is a line of JSON with one descriptor; a response is a line of JSON and as many bytes as
it says. The worker believes a response no more than a document.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import JobWarning, PieceQuality
from fnt_server.config.model_requests import ModelRequests
from fnt_server.config.pdf_limits import PdfLimits

MAX_HEAD_BYTES = 4 << 20

Size = Annotated[int, Meta(ge=0)]
Place = Annotated[int, Meta(ge=1)]
Named = Annotated[str, Meta(max_length=300)]
Said = Annotated[str, Meta(max_length=500)]
Key = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""Of an answer of a model: see `engines.answer_store`."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a pipeline process is started with."""

    limits: PdfLimits
    is_sandboxed: bool
    models: ModelRequests = ModelRequests()
    keeps_answers: bool = False
    """The parent keeps answers of models; a worker of an earlier release does not."""


class Work(StrEnum):
    """What is to be done with a document."""

    DESCRIBE = "describe"
    """Nothing: say what the sandbox lacks."""
    INSPECT = "inspect"
    ANALYZE = "analyze"
    READ_HALF = "read half"
    """Only read the pages of the second half, for another process that analyzes the book."""
    SHORTEN = "shorten"
    ANSWERS = "answers"
    """Go on with these answers, which were wanted."""
    SECOND_HALF = "second half"
    """Go on with these pages, which were wanted; with none, read them yourself."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One step; the document, or the input of a chunk, comes as a descriptor."""

    work: Work
    settings: dict[str, Any]
    has_helper: bool = False
    """Another process reads the second half of the book meanwhile."""


class _Response(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer"):
    body_bytes: Size = 0
    needs_recycling: bool = False
    """The process should be replaced: it holds much memory, or has worked long."""


class Described(_Response, frozen=True, kw_only=True, tag="described"):
    """What this system lacks of the sandbox."""

    missing: list[Said]


class Inspected(_Response, frozen=True, kw_only=True, tag="inspected"):
    """The body is the whole analysis."""


class ChunkRange(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk whose input is the next `input_bytes` of the body. Pages from 1, both included."""

    number: Size
    start_page: Place
    end_page: Size
    input_bytes: Size


class Analyzed(_Response, frozen=True, kw_only=True, tag="analyzed"):
    """The body is the inputs of the chunks, one after the other."""

    page_count: Place
    chunks: Annotated[list[ChunkRange], Meta(min_length=1)]
    title: Named | None = None
    author: Named | None = None
    warnings: Annotated[list[JobWarning], Meta(max_length=8)] = []


class HalfRead(_Response, frozen=True, kw_only=True, tag="half read"):
    """The body is the pages of the second half."""


class Shortened(_Response, frozen=True, kw_only=True, tag="shortened"):
    """The body is the stored lines of the sentences."""

    sentence_count: Size
    fallback_reasons: Annotated[
        dict[Annotated[str, Meta(max_length=40)], Place], Meta(max_length=40)
    ]
    quality: PieceQuality | None = None


class Rejected(_Response, frozen=True, kw_only=True, tag="rejected"):
    """The document cannot be processed."""

    code: JobErrorCode
    message: Said


class TooHeavy(_Response, frozen=True, kw_only=True, tag="too heavy"):
    """There was not enough memory."""


class EngineRefused(_Response, frozen=True, kw_only=True, tag="engine failed"):
    """The engine failed, and there is no fallback."""

    message: Said
    is_certain: bool


class Bug(_Response, frozen=True, kw_only=True, tag="bug"):
    """A bug, and where; never the error's own message, which may quote the book."""

    where: Said


class AnswersWanted(_Response, frozen=True, kw_only=True, tag="answers wanted"):
    """The body is the keys of answers. The step goes on with a request that holds them."""


class AnswersGiven(_Response, frozen=True, kw_only=True, tag="answers given"):
    """The body is answers of a model, by key. The step goes on by itself."""


class SecondHalfWanted(_Response, frozen=True, kw_only=True, tag="second half wanted"):
    """The first half of a book is read. The step goes on with a request that holds the second."""


Response = (
    Described | Inspected | Analyzed | HalfRead | Shortened
    | Rejected | TooHeavy | EngineRefused | Bug
)  # fmt: skip
Interim = AnswersWanted | AnswersGiven | SecondHalfWanted
"""What comes before the response of a step that asks a model, or that has a helper."""
