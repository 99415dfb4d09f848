"""What a step failed with: as the pipeline process says, or as its end tells."""

from __future__ import annotations

import logging
import signal
from typing import Final

from fnt.wire.error_codes import JobErrorCode
from fnt_server.logs import escaped
from fnt_server.pipeline.engine_protocol import EngineFailed
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.sandbox.messages import Bug, EngineRefused, Rejected, Response, TooHeavy, Work

_log = logging.getLogger(__name__)

_TOO_HEAVY: Final = (
    "reading the file takes more time or memory than any novel should: print it to a new PDF"
)
_MODEL_TOO_HEAVY: Final = "the model takes too long, or answers too much: try again later"
_MODEL_BROKEN: Final = "the process that asks the model crashed: try again later"
_MODEL_LOST: Final = "the process that asks the model was killed: try again"
_BROKEN: Final = "the file crashes the PDF reader: print it to a new PDF and send that"
_LOST: Final = "the PDF reader was killed: try again"
_MISTAKE: Final = "internal server error: see the server's log for this job"


def raise_failure(head: Response, work: Work) -> None:
    """Raise what a response says went wrong, if it does."""
    match head:
        case Rejected():
            raise PdfRejected(head.code, head.message)
        case EngineRefused():
            raise EngineFailed(head.message, certain=head.is_certain)
        case TooHeavy():
            raise too_heavy()
        case Bug():
            _log.error("the pipeline failed: %s", escaped(head.where))
            if work is Work.SHORTEN:
                raise ExtractionCrashed(JobErrorCode.INTERNAL, _MISTAKE)
            raise _broken()


def too_heavy() -> ExtractionCrashed:
    """Return the error for a document that used up a limit."""
    return ExtractionCrashed(JobErrorCode.PDF_LIMIT, _TOO_HEAVY)


def of_model(crash: ExtractionCrashed) -> EngineFailed | ExtractionCrashed:
    """Return the same for a process that asks a model: the document is not to blame."""
    match crash.code:
        case JobErrorCode.PDF_LIMIT:
            return EngineFailed(_MODEL_TOO_HEAVY)
        case JobErrorCode.PDF_DAMAGED:
            return EngineFailed(_MODEL_BROKEN)
        case JobErrorCode.WORKER_LOST:
            return ExtractionCrashed(crash.code, _MODEL_LOST)
        case _:
            return crash


def process_lost() -> ExtractionCrashed:
    """Return the error for a process that was killed or held up by something else."""
    return ExtractionCrashed(JobErrorCode.WORKER_LOST, _LOST)


def untrusted() -> ExtractionCrashed:
    """Return the error for a response that is not what was asked for."""
    _log.error("the pipeline process sent an invalid answer")
    return _broken()


def crashed(ended_by: int) -> ExtractionCrashed:
    """Return the error for a process that a signal ended."""
    if ended_by in (signal.SIGSEGV, signal.SIGBUS):
        return _broken()
    # PDFium traps or aborts when it gets no memory
    if ended_by in (
        signal.SIGPROF, signal.SIGXCPU, signal.SIGABRT, signal.SIGILL, signal.SIGTRAP,
    ):  # fmt: skip
        return too_heavy()
    return process_lost()


def _broken() -> ExtractionCrashed:
    return ExtractionCrashed(JobErrorCode.PDF_DAMAGED, _BROKEN)
