"""`fnt batch status|export`: reports on a ledger, without contacting a server."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.result_options import OverwriteOption
from fnt.commands.shared_options import LastSourceArgument, LedgerOption
from fnt.errors import UsageError
from fnt.flow.ledger import Book, BookStatus, Ledger
from fnt.flow.ledger.export import csv_lines, json_lines, record_of, write_file
from fnt.flow.ledger.locate import ledger_path
from fnt.flow.tally import batch_report
from fnt.output.formatting import plural
from fnt.output.output_mode import OutputMode
from fnt.output.sanitize import clean

if TYPE_CHECKING:
    from fnt.context import AppContext
    from fnt.output.table import TableRow
    from fnt.output.terminal import Terminal

STDOUT = "-"
UNTROUBLED = (BookStatus.DONE, BookStatus.RUNNING, BookStatus.SENDING, BookStatus.WAITING)
"""Statuses of books that need nothing, which fold to a number."""
ORDER = (*UNTROUBLED, *(one for one in BookStatus if one not in UNTROUBLED))


class ExportFormat(StrEnum):
    """The formats a ledger can be exported to."""

    CSV = "csv"
    JSONL = "jsonl"


def status(
    ctx: typer.Context,
    source: LastSourceArgument = None,
    *,
    ledger: LedgerOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Also list books that are done.")] = False,
) -> None:
    """Show the progress and failures of an import.

    Also works while the import is running.
    """
    context: AppContext = ctx.obj
    terminal = context.terminal
    with Ledger(ledger_path(source, ledger), now=context.now) as opened:
        counts = opened.counts()
        words = ", ".join(f"{number} {one}" for one, number in counts.items())
        terminal.say(f"{opened.path}: {plural(sum(counts.values()), 'book')}: {words or 'none'}")
        shown = [one for one in BookStatus if all_ or one is not BookStatus.DONE]
        is_read = context.options.format is OutputMode.JSON
        context.report.answer["batch"] = batch_report(opened).replaced(
            books=[record_of(book) for book in opened.books()] if is_read else []
        )
        if context.draws_tables:
            _print_table(terminal, opened, lists_all=all_)
            return
        for book in opened.books(statuses=shown):
            is_quiet = context.options.format is OutputMode.QUIET
            terminal.result(book.path if is_quiet else _line(book))


def _print_table(terminal: Terminal, ledger: Ledger, *, lists_all: bool) -> None:
    """Print the books that need nothing, by their number unless all are wanted, then the others."""
    from fnt.output.table import Column, TableRow, print_table  # noqa: PLC0415 -- Rich takes 50 ms

    rows = []
    for status, number in sorted(ledger.counts().items(), key=lambda one: ORDER.index(one[0])):
        if status in UNTROUBLED and not lists_all:
            cells = [f"{plural(number, 'book')} {status}", ""]
            rows.append(TableRow(cells=cells, word=status))
        else:
            rows += [_row(book) for book in ledger.books(statuses=[status])]
    if rows:
        print_table(terminal, [Column(is_name=True), Column()], rows)


def _row(book: Book) -> TableRow:
    from fnt.output.table import TableRow  # noqa: PLC0415 -- as above

    job = "" if book.job_id is None else f"job {book.job_id}"
    note = f"{book.status}: {book.error_text}" if book.error_message else book.status.value
    return TableRow(cells=[clean(book.path), job], note=clean(note), word=book.status)


def export(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|-", help="Output file, or - for stdout.")],
    source: LastSourceArgument = None,
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
        context.report.answer["batch"] = batch_report(opened).replaced(export=target)
        context.terminal.result(target)


def _line(book: Book) -> str:
    job = f"  job {book.job_id}" if book.job_id is not None else ""
    problem = f"  {book.error_text}" if book.error_message else ""
    return f"{book.status:<9}  {book.path}{job}{problem}"
