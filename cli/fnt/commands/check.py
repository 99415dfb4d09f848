"""`fnt check`: local checks of PDFs before they are uploaded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.input_options import FolderOptions
from fnt.commands.option_groups import takes_groups
from fnt.distribution import install_hint
from fnt.errors import (
    ExitCode,
    FntError,
    NotFoundError,
    PartialError,
    RefusedInputError,
    TemporaryError,
    UsageError,
)
from fnt.files import fingerprint
from fnt.flow.inputs.discovery import find_files, suggesting
from fnt.flow.inputs.preflight import Preflight, inspect_pdf
from fnt.output.countdown import status_note
from fnt.output.formatting import data_size, plural
from fnt.output.report.document import error_entry
from fnt.output.sanitize import clean
from fnt.wire.documents import CheckedFile, FileProblem, Verdict

if TYPE_CHECKING:
    from fnt.context import AppContext
    from fnt.output.terminal import Terminal
    from fnt.pdf_look.warm_child import WarmChild

AT_ONCE = 2
LOOK_WITHIN_S = 20.0
TEXT_WITHIN_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of checking one file; an error if it cannot be opened."""

    file: str
    look: Preflight | None = None
    sha256: str | None = None
    error: FntError | None = None
    duplicate_of: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the server would take the file."""
        if self.is_refused:
            return "refused"
        if self.look and self.look.not_checked:
            return "not checked"
        return "warning" if self.duplicate_of or (self.look and self.look.problem) else "ok"

    @property
    def notes(self) -> list[str]:
        """What is wrong with it."""
        look = self.look
        return [
            *([self.error.message] if self.error else []),
            *([look.not_checked] if look and look.not_checked else []),
            *([look.problem.message] if look and look.problem else []),
            *([f"duplicate of {self.duplicate_of}"] if self.duplicate_of else []),
        ]

    @property
    def is_refused(self) -> bool:
        """Whether the server is certain to reject the file."""
        return self.error is not None or bool(
            self.look and self.look.problem and self.look.problem.certain
        )


@takes_groups
def check(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PDF...", help="PDF files to check.")],
    *,
    folders: FolderOptions,
    text: Annotated[
        bool, typer.Option("--text", help="Show the text the server would extract (extra: server).")
    ] = False,
) -> None:
    """Check PDFs before uploading: pages, size, password, damage, text, duplicates.

    Reads up to five pages of each file, for up to 20 seconds.
    """
    context: AppContext = ctx.obj
    found = find_files(
        paths,
        recursive=folders.recursive,
        include=folders.include or (),
        exclude=folders.exclude or (),
        command="check",
        tell=context.terminal.say_error,
    )
    with suggesting(paths):
        _check(context, [file.path for file in found], text=text)


def _check(context: AppContext, paths: Sequence[Path], *, text: bool) -> None:
    if text:
        _show_text(context, paths)
        return
    checked: list[Checked] = []
    entries: list[CheckedFile] = []
    context.report.answer["check"] = entries
    with status_note(context.terminal) as note:
        for one in _checked(context.warm_child(), paths):
            checked.append(one)
            entries.append(_entry(one))
            if context.draws_tables:
                note(f"checked {len(checked)} of {plural(len(paths), 'file')}")
            else:
                context.terminal.result(_line(one))
    if context.draws_tables:
        _print_table(context.terminal, checked)
    _raise_refused(checked)


def _checked(warm_child: WarmChild, paths: Sequence[Path]) -> Iterator[Checked]:
    firsts: dict[str, str] = {}
    with (
        warm_child as child,
        ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="fnt-check") as pool,
    ):
        for one in pool.map(partial(_look, child), paths):
            first = firsts.setdefault(one.sha256, one.file) if one.sha256 else one.file
            yield one if first == one.file else replace(one, duplicate_of=first)


def _look(child: WarmChild, path: Path) -> Checked:
    try:
        look = inspect_pdf(path, timeout_s=LOOK_WITHIN_S, ask=child.ask)
        return Checked(file=str(path), look=look, sha256=fingerprint(path).sha256)
    except FntError as error:
        return Checked(file=str(path), error=error)


def _entry(one: Checked) -> CheckedFile:
    problem = one.look.problem if one.look else None
    return CheckedFile(
        file=one.file,
        verdict=one.verdict,
        size_bytes=one.look.size_bytes if one.look else None,
        page_count=one.look.page_count if one.look else None,
        sha256=one.sha256,
        duplicate_of=one.duplicate_of,
        problem=FileProblem(code=problem.code, message=problem.message) if problem else None,
        error=error_entry(one.error) if one.error else None,
    )


def _line(one: Checked) -> str:
    if one.look is None:
        return f"refused  {one.file}: {', '.join(one.notes)}"
    pages = "pages unknown" if one.look.page_count is None else plural(one.look.page_count, "page")
    words = ", ".join([pages, data_size(one.look.size_bytes), *one.notes])
    return f"{one.verdict:7}  {one.file}: {words}"


def _print_table(terminal: Terminal, checked: Sequence[Checked]) -> None:
    """Print the good files, of several only their number, then those with problems."""
    from fnt.output.table import Column, TableRow, print_table  # noqa: PLC0415 -- Rich takes 50 ms

    good = [one for one in checked if one.verdict == "ok"]
    bad = sorted((one for one in checked if one not in good), key=lambda one: one.is_refused)
    rows = [TableRow(cells=_cells(one), note=_note(one), word=one.verdict) for one in (*good, *bad)]
    if len(good) > 1:
        looks = [one.look for one in good if one.look]
        pages = plural(sum(look.page_count or 0 for look in looks), "page")
        size = data_size(sum(look.size_bytes for look in looks))
        total = [f"{plural(len(good), 'file')} ok", pages, size]
        rows[: len(good)] = [TableRow(cells=total, word="ok")]
    number = Column(is_number=True)
    print_table(terminal, [Column(is_name=True), number, number], rows)


def _cells(one: Checked) -> list[str]:
    pages = one.look.page_count if one.look else None
    return [
        clean(one.file),
        "" if pages is None else plural(pages, "page"),
        "" if one.look is None else data_size(one.look.size_bytes),
    ]


def _note(one: Checked) -> str:
    return clean(f"{one.verdict}: {'; '.join(one.notes)}") if one.notes else ""


def _raise_refused(checked: Sequence[Checked]) -> None:
    refused = [one for one in checked if one.is_refused]
    unchecked = [one for one in checked if one.look and one.look.not_checked]
    if not refused and unchecked:
        raise TemporaryError(
            f"{len(unchecked)} of {plural(len(checked), 'file')} not checked", code="NOT_CHECKED"
        )
    if not refused:
        return
    if len(refused) < len(checked):
        raise PartialError(f"{len(refused)} of {plural(len(checked), 'file')} would be refused")
    error = refused[0].error
    if error is not None and all(one.error is not None for one in refused):
        raise error
    problem = next(one.look.problem for one in refused if one.look and one.look.problem)
    raise RefusedInputError(
        problem.message if len(refused) == 1 else f"all {len(refused)} files would be refused",
        code=problem.code,
    )


def _show_text(context: AppContext, paths: Sequence[Path]) -> None:
    """Show the extracted text, using the server's extractor, which is an optional install."""
    texts = []
    for path in paths:
        if not path.is_file():
            raise NotFoundError(f"file {path} not found")
        try:
            done = subprocess.run(
                [sys.executable, "-m", "fnt_server", "text", "--", str(path)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TEXT_WITHIN_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TemporaryError(f"{path} took more than {TEXT_WITHIN_S} s to read") from None
        reason = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason"])[-1]
        if done.returncode == ExitCode.REFUSED:
            raise RefusedInputError(reason.removeprefix("fnt-server: "))
        if done.returncode:
            raise UsageError(
                f"fnt-server text failed: {reason.removeprefix('fnt-server: ')}",
                hint=f"--text needs the server; {install_hint('server')}",
            )
        text = done.stdout.decode("utf-8", "replace")
        texts.append(CheckedFile(file=str(path), text=text))
        for line in text.splitlines():
            context.terminal.result(line)
    context.report.answer["check"] = texts
