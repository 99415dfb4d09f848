"""`fnt check`: local checks of PDFs before they are uploaded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.shared_options import ExcludeOption, IncludeOption, RecursiveOption
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
from fnt.flow.inputs.discovery import find_files
from fnt.flow.inputs.preflight import Preflight, inspect_pdf
from fnt.output.formatting import data_size, plural
from fnt.output.report.document import error_entry
from fnt.wire.documents import CheckedFile, FileProblem, Verdict

if TYPE_CHECKING:
    from fnt.context import AppContext

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

    @property
    def is_refused(self) -> bool:
        """Whether the server is certain to reject the file."""
        return self.error is not None or bool(
            self.look and self.look.problem and self.look.problem.certain
        )


def check(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PDF...", help="PDF files to check.")],
    *,
    recursive: RecursiveOption = False,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
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
        recursive=recursive,
        include=include or (),
        exclude=exclude or (),
        command="check",
    )
    paths = [file.path for file in found]
    if text:
        _show_text(context, paths)
        return
    checked: list[Checked] = []
    firsts: dict[str, str] = {}
    entries: list[CheckedFile] = []
    context.report.answer["check"] = entries
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="fnt-check") as pool:
        for one in pool.map(_look, paths):
            first = firsts.setdefault(one.sha256, one.file) if one.sha256 else one.file
            duplicate_of = None if first == one.file else first
            checked.append(one)
            entries.append(_entry(one, duplicate_of))
            context.terminal.result(_line(one, duplicate_of))
    _raise_refused(checked)


def _look(path: Path) -> Checked:
    try:
        look = inspect_pdf(path, timeout_s=LOOK_WITHIN_S)
        return Checked(file=str(path), look=look, sha256=fingerprint(path).sha256)
    except FntError as error:
        return Checked(file=str(path), error=error)


def _entry(one: Checked, duplicate_of: str | None) -> CheckedFile:
    problem = one.look.problem if one.look else None
    verdict: Verdict = "warning" if problem or duplicate_of else "ok"
    if one.is_refused:
        verdict = "refused"
    elif one.look and one.look.not_checked:
        verdict = "not checked"
    return CheckedFile(
        file=one.file,
        verdict=verdict,
        size_bytes=one.look.size_bytes if one.look else None,
        page_count=one.look.page_count if one.look else None,
        sha256=one.sha256,
        duplicate_of=duplicate_of,
        problem=FileProblem(code=problem.code, message=problem.message) if problem else None,
        error=error_entry(one.error) if one.error else None,
    )


def _line(one: Checked, duplicate_of: str | None) -> str:
    if one.look is None:
        return f"refused  {one.file}: {one.error.message if one.error else ''}"
    pages = "pages unknown" if one.look.page_count is None else plural(one.look.page_count, "page")
    words = [pages, data_size(one.look.size_bytes)]
    if one.look.not_checked:
        words.append(one.look.not_checked)
    if one.look.problem:
        words.append(one.look.problem.message)
    if duplicate_of:
        words.append(f"duplicate of {duplicate_of}")
    return f"{_entry(one, duplicate_of).verdict:7}  {one.file}: {', '.join(words)}"


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
