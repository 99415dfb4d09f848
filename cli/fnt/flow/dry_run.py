"""`--dry-run`: what an upload would send, skip, refuse, and save, and how it would end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fnt.context import AppContext
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.ledger import Book
from fnt.flow.plan import Plan
from fnt.flow.record_endings import record_ending
from fnt.flow.summary import Failures, RunSummary
from fnt.progress import ProgressState, Refused, reduce
from fnt.session import UploadItem
from fnt.wire.documents import FileProblem, PlannedUpload
from fnt.wire.jobs import JobSnapshot

if TYPE_CHECKING:
    from fnt.api.client import ApiClient


def show_dry_run(context: AppContext, plan: Plan, preparer: Preparer, *, api: ApiClient) -> None:
    """Report what would happen to each file; raises the error the run would end with."""
    ledger, failures = plan.ledger, Failures()
    entries: list[PlannedUpload] = []
    context.report.answer["upload"] = entries
    for one in preparer.items(ledger.books(run=plan.run), warn=context.terminal.warn):
        book = preparer.in_flight.pop(one.key)
        existing = None
        if isinstance(one, Refused):
            failures.note(one)
            row = reduce(ProgressState(), one, now=0).rows[one.key]
            record_ending(ledger, book, row)
        else:
            existing = preparer.existing_job(api, book) if one.skips_existing else None
            ledger.done(book, [])
        entries.append(_entry(book, one, plan=plan, existing=existing))
        context.terminal.result(_line(entries[-1]))
    if error := RunSummary(plan, failures).error():
        raise error


def _entry(
    book: Book, one: UploadItem | Refused, *, plan: Plan, existing: JobSnapshot | None
) -> PlannedUpload:
    refused = one if isinstance(one, Refused) else None
    targets = [] if refused else plan.output_plan.targets(book)
    return PlannedUpload(
        file=book.path,
        action="refuse" if refused else "skip" if existing or book.job_id else "send",
        size_bytes=book.file.stat().st_size,
        page_count=None if isinstance(one, Refused) else one.page_count,
        job=existing.id if existing else book.job_id,
        outputs=[str(path) for _, path in targets],
        problem=FileProblem(code=refused.code, message=refused.message) if refused else None,
    )


def _line(entry: PlannedUpload) -> str:
    words = f"{entry.action:6}  {entry.file}"
    if entry.problem:
        return f"{words}: {entry.problem.message}"
    if entry.job:
        words += f": already uploaded as job {entry.job}"
    return words + (f" -> {', '.join(entry.outputs)}" if entry.outputs else "")
