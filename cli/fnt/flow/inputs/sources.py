"""Sources of an upload: files, folders, lists of paths, and stdin."""

from __future__ import annotations

import codecs
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import cast

from fnt.errors import UsageError
from fnt.files import open_list, read_errors
from fnt.flow.inputs.discovery import InputFile, find_files, suggesting
from fnt.flow.inputs.stdin import Piped, pieces_of, spooled
from fnt.output.terminal import Terminal

STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The arguments and options that select the input files."""

    words: Sequence[str]
    files_from: str | None = None
    name: str | None = None
    """File name for stdin."""
    recursive: bool = False
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()


@contextmanager
def opened(sources: Sources, terminal: Terminal) -> Iterator[list[InputFile]]:
    """Yield the input files; a copy of stdin exists only inside the block."""
    _check(sources, terminal)
    paths = [Path(word) for word in sources.words if word != STDIN]
    listed = _listed(sources.files_from, terminal) if sources.files_from is not None else []
    found = []
    if paths or sources.files_from is not None:
        found = find_files(
            paths,
            literal=listed,
            recursive=sources.recursive,
            include=sources.include,
            exclude=sources.exclude,
            tell=terminal.say_error,
        )
    if STDIN not in sources.words:
        with suggesting(paths if sources.files_from is None else []):
            yield found
        return
    with spooled(_bytes_of(terminal)) as path:
        yield [InputFile(given=STDIN, path=path, relative=PurePath(sources.name or "")), *found]


def _check(sources: Sources, terminal: Terminal) -> None:
    is_piped = STDIN in sources.words
    if not sources.words and sources.files_from is None:
        raise UsageError("no input files", hint="fnt upload novel.pdf, or --files-from LIST")
    for word in sources.words:
        if re.match("(https?|ftp)://", word, re.IGNORECASE) and not os.path.lexists(word):
            raise UsageError(
                f"{word} is a URL, not a file",
                hint=f"download it first: curl -fLO {shlex.quote(word)}",
            )
    if not is_piped and sources.name is not None:
        raise UsageError(
            "--name only applies to -", hint="fnt upload - --name novel.pdf < novel.pdf"
        )
    if not is_piped:
        return
    if sources.files_from == STDIN:
        raise UsageError("standard input cannot be both a PDF and a list of files")
    if sources.name is None:
        raise UsageError("- requires --name", hint="fnt upload - --name novel.pdf < novel.pdf")
    if sources.name in ("", ".", "..") or PurePath(sources.name).name != sources.name:
        raise UsageError(f"{sources.name!r} is not a valid file name")
    if terminal.stdin.isatty():
        raise UsageError(
            "standard input is a terminal, not a PDF",
            hint=f"fnt upload - --name {sources.name} < {sources.name}",
        )


def _listed(source: str, terminal: Terminal) -> list[Path]:
    """Read a list of paths, one per line, or NUL-terminated if there is any NUL."""
    is_piped = source == STDIN
    content = b"".join(pieces_of(_bytes_of(terminal))) if is_piped else _content(source, terminal)
    if b"\0" in content:
        names = content.split(b"\0")
    else:
        lines = content.removeprefix(codecs.BOM_UTF8).split(b"\n")
        names = [line.removesuffix(b"\r") for line in lines]
    return [Path(os.fsdecode(name)) for name in names if name]


def _content(source: str, terminal: Terminal) -> bytes:
    with read_errors(source), open_list(Path(source), tell=terminal.say_error) as file:
        return file.read()


def _bytes_of(terminal: Terminal) -> Piped:
    return cast("Piped", terminal.stdin.buffer)
