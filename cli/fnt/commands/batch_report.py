"""`fnt batch status|export`: reports on a ledger, without contacting a server."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.shared_options import LedgerOption, OverwriteOption, SourceOption
from fnt.errors import UsageError
from fnt.flow.ledger import Book, BookStatus, Ledger
from fnt.flow.ledger.export import csv_lines, json_lines, record_of, write_file
from fnt.flow.ledger.locate import ledger_path
from fnt.flow.summary import batch_answer, error_text
from fnt.output.formatting import plural
from fnt.output.output_mode import OutputMode

if TYPE_CHECKING:
    from fnt.context import AppContext

STDOUT = "-"


class ExportFormat(StrEnum):
    """The formats a ledger can be exported to."""

    CSV = "csv"
    JSONL = "jsonl"


def status(
    ctx: typer.Context,
    source: SourceOption = None,
    *,
    ledger: LedgerOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Also list books that are done.")] = False,
) -> None:
    """Show the progress and failures of an import.

    It also works while the import is running.
    """
    context: AppContext = ctx.obj
    terminal = context.terminal
    with Ledger(ledger_path(source, ledger), now=context.now) as opened:
        counts = opened.counts()
        words = ", ".join(f"{number} {one}" for one, number in counts.items())
        terminal.say(f"{opened.path}: {plural(sum(counts.values()), 'book')}: {words or 'none'}")
        shown = [one for one in BookStatus if all_ or one is not BookStatus.DONE]
        is_read = context.options.format is OutputMode.JSON
        context.report.answer["batch"] = batch_answer(opened).replaced(
            books=[record_of(book) for book in opened.books()] if is_read else []
        )
        for book in opened.books(statuses=shown):
            is_quiet = context.options.format is OutputMode.QUIET
            terminal.result(book.path if is_quiet else _line(book))


def export(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|-", help="Output file, or - for stdout.")],
    source: SourceOption = None,
    *,
    ledger: LedgerOption = None,
    format: Annotated[
        ExportFormat | None,
        typer.Option("--format", "-f", help="Default: by the extension of FILE, else csv."),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Export a ledger as CSV or JSON Lines."""
    context: AppContext = ctx.obj
    is_jsonl = target.lower().endswith((".jsonl", ".ndjson"))
    chosen = format or (ExportFormat.JSONL if is_jsonl else ExportFormat.CSV)
    with Ledger(ledger_path(source, ledger), now=context.now) as opened:
        write = csv_lines if chosen is ExportFormat.CSV else json_lines
        if target == STDOUT:
            if not context.terminal.tells_results:
                raise UsageError("export to - cannot be combined with --json or --jsonl")
            context.terminal.write_bytes(write(opened))
            return
        write_file(Path(target), lambda: write(opened), overwrite=overwrite)
        context.report.answer["batch"] = batch_answer(opened).replaced(export=target)
        context.terminal.result(target)


def _line(book: Book) -> str:
    job = f"  job {book.job_id}" if book.job_id is not None else ""
    problem = f"  {error_text(book)}" if book.error_message else ""
    return f"{book.status:<9}  {book.path}{job}{problem}"
