"""`fnt batch status|export`: what a ledger says, without a server."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fnt.commands.batch.ledgers import LedgerOption, SourceOption, ledger_path
from fnt.commands.batch.outcome import batch_answer, trouble_of
from fnt.commands.watch import OverwriteOption
from fnt.console import OutputFormat
from fnt.errors import UsageError
from fnt.ledger import Book, BookStatus, Ledger
from fnt.render.wording import plural
from fnt.results import TargetExistsError

if TYPE_CHECKING:
    from fnt.context import AppContext

STDOUT = "-"
COLUMNS = (
    "path",
    "name",
    "status",
    "job_id",
    "sha256",
    "size_bytes",
    "error_code",
    "error_message",
    "outputs",
    "attempts",
    "earlier_jobs",
    "updated_at",
)


class ExportFormat(StrEnum):
    """How a ledger is written."""

    CSV = "csv"
    JSONL = "jsonl"


def status(
    ctx: typer.Context,
    source: SourceOption = None,
    *,
    ledger: LedgerOption = None,
    all_: Annotated[bool, typer.Option("--all", help="Name books that are done as well.")] = False,
) -> None:
    """Show how far a bulk import is, and what came to nothing.

    It may be asked while the import runs.
    """
    context: AppContext = ctx.obj
    terminal = context.terminal
    with Ledger(ledger_path(source, ledger), now=context.now) as opened:
        counts = opened.counts()
        words = ", ".join(f"{number} {one}" for one, number in counts.items())
        terminal.say(f"{opened.path}: {plural(sum(counts.values()), 'book')}: {words or 'none'}")
        shown = [one for one in BookStatus if all_ or one is not BookStatus.DONE]
        is_read = context.options.format is OutputFormat.JSON
        context.report.answer["batch"] = batch_answer(opened) | {
            "books": [record_of(book) for book in opened.books()] if is_read else []
        }
        for book in opened.books(statuses=shown):
            is_quiet = context.options.format is OutputFormat.QUIET
            terminal.result(book.path if is_quiet else _line(book))


def export(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(metavar="FILE|-", help="Where to write the table.")],
    source: SourceOption = None,
    *,
    ledger: LedgerOption = None,
    format: Annotated[
        ExportFormat | None,
        typer.Option("--format", "-f", help="By default as FILE ends, else csv."),
    ] = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write every book of a ledger with job, result and error, as CSV or JSON Lines."""
    context: AppContext = ctx.obj
    is_jsonl = target.lower().endswith((".jsonl", ".ndjson"))
    chosen = format or (ExportFormat.JSONL if is_jsonl else ExportFormat.CSV)
    with Ledger(ledger_path(source, ledger), now=context.now) as opened:
        write = _csv_lines if chosen is ExportFormat.CSV else _json_lines
        if target == STDOUT:
            if not context.terminal.tells_results:
                raise UsageError("export to - writes the table, and nothing beside it")
            context.terminal.write_bytes(write(opened))
            return
        _write_file(Path(target), lambda: write(opened), overwrite=overwrite)
        context.report.answer["batch"] = batch_answer(opened) | {"export": target}
        context.terminal.result(target)


def record_of(book: Book) -> dict[str, Any]:
    """Return a book as scripts read it."""
    sent = book.sent
    return {
        "path": book.path,
        "name": book.filename,
        "status": book.status.value,
        "job_id": book.job_id,
        "sha256": sent.sha256 if sent else None,
        "size_bytes": sent.size_bytes if sent else None,
        "error_code": book.error_code,
        "error_message": book.error_message,
        "outputs": list(book.outputs),
        "attempts": book.attempts,
        "earlier_jobs": list(book.earlier_jobs),
        "updated_at": book.updated_at,
    }


def _line(book: Book) -> str:
    job = f"  job {book.job_id}" if book.job_id is not None else ""
    trouble = f"  {trouble_of(book)}" if book.error_message else ""
    return f"{book.status:<9}  {book.path}{job}{trouble}"


def _csv_lines(ledger: Ledger) -> Iterator[bytes]:
    """Write RFC 4180 as results are written: every text quoted, numbers never."""
    yield _csv_line(COLUMNS)
    for book in ledger.books():
        record = record_of(book)
        record["outputs"] = "\n".join(record["outputs"])
        record["earlier_jobs"] = " ".join(map(str, record["earlier_jobs"]))
        yield _csv_line("" if value is None else value for value in record.values())


def _csv_line(cells: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode("utf-8", "replace")


def _json_lines(ledger: Ledger) -> Iterator[bytes]:
    for book in ledger.books():
        yield json.dumps(record_of(book)).encode() + b"\n"


def _write_file(path: Path, write: Callable[[], Iterator[bytes]], *, overwrite: bool) -> None:
    if os.path.lexists(path) and not overwrite:
        raise TargetExistsError(f"{path} exists", hint="use --overwrite to replace it")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.writelines(write())
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
