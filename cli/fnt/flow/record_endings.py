"""Records how books ended, in the ledger and for scripts."""

from __future__ import annotations

from pathlib import Path

from fnt.errors import ExitCode
from fnt.flow.inputs.refusals import FILE_CHANGED
from fnt.flow.ledger import FAILED, Book, BookStatus, Ledger
from fnt.flow.ledger.books import absolute
from fnt.output.report.document import JobEntry, problem_entry
from fnt.progress import Refused, Row
from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.problems import Problem

NOT_SAVED = "NOT_SAVED"


def record_ending(ledger: Ledger, book: Book, row: Row) -> None:
    """Record how a book's row ended; a book that may still be completed stays open."""
    if row.refused is not None:
        _record_refusal(ledger, book, row.refused)
    elif row.save_error is not None:
        ledger.record_error(book, code=NOT_SAVED, message=row.save_error)
    elif row.is_failed and row.job is not None:
        is_cancelled = row.job.status is JobStatus.CANCELLED
        ledger.record_error(
            book,
            status=BookStatus.CANCELLED if is_cancelled else BookStatus.FAILED,
            code=row.job.error_code or row.job.status.upper(),
            message=row.job.error_message or row.job.status.value,
        )
    else:
        ledger.done(book, sorted({*book.outputs, *map(absolute, row.saved)}))


def _record_refusal(ledger: Ledger, book: Book, refused: Refused) -> None:
    code = refused.code or refused.exit_code.name
    status: BookStatus | None = BookStatus.REFUSED
    if refused.exit_code is ExitCode.TEMPORARY:
        status = None
    elif code == FILE_CHANGED:
        status = BookStatus.CHANGED
    elif code == ErrorCode.JOB_NOT_FOUND and book.sent is not None:
        status = BookStatus.FAILED
    ledger.record_error(book, code=code, message=refused.message, status=status)


def entry_of(row: Row, book: Book) -> JobEntry:
    """Return the report entry for a book with a row in this run."""
    return JobEntry(
        number=book.id,
        file=book.path or None,
        job=row.job,
        outputs=row.saved,
        error=_problem(row),
        is_skipped=row.is_skipped,
    )


def earlier_entry(book: Book) -> JobEntry:
    """Return the report entry for a book not processed in this run."""
    problem = None
    if book.status in FAILED:
        problem = problem_entry(book.error_code or "", book.error_message or "")
    elif book.status is BookStatus.UNSAVED and book.error_message:
        problem = _not_saved(book.error_message, book.job_id)
    return JobEntry(
        number=book.id,
        file=book.path or None,
        job_id=book.job_id,
        outputs=tuple(map(Path, book.outputs)),
        error=problem,
        is_done=book.status is BookStatus.DONE,
    )


def _problem(row: Row) -> Problem | None:
    if row.refused is not None:
        refusal = row.refused
        return problem_entry(
            refusal.code or refusal.exit_code.name,
            refusal.message,
            hint=refusal.hint,
            retryable=refusal.exit_code is ExitCode.TEMPORARY,
            request_id=refusal.request_id,
        )
    if row.save_error is not None:
        return _not_saved(row.save_error, row.job.id if row.job else None)
    if row.is_failed and row.job is not None:
        return problem_entry(
            row.job.error_code or row.job.status.upper(),
            row.job.error_message or row.job.status.value,
        )
    return None


def _not_saved(message: str, job_id: int | None) -> Problem:
    return problem_entry(NOT_SAVED, message, hint=f"fnt download {job_id}")
