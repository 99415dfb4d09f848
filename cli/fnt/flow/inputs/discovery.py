"""Discovery of input files from command-line paths."""

from __future__ import annotations

import difflib
import glob
import os
import shlex
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePath

from fnt.errors import NotFoundError, UsageError
from fnt.files import special_kind

BOOKS = ("*.pdf",)
"""Files taken from a folder by default."""
NAMES_COMPARED = 2000
"""Most names of a folder that a mistyped one is compared with."""
CLOSE = 0.8
"""How much of a mistyped name must agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One input file."""

    given: str
    """The path as shown to the user."""
    path: Path
    relative: PurePath
    """Its name, or its path relative to the folder it was found in."""


def find_files(
    paths: Sequence[Path],
    *,
    literal: Sequence[Path] = (),
    recursive: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    command: str = "upload",
    tell: Callable[[str], None] = lambda _: None,
) -> list[InputFile]:
    """Return the input files without duplicates, in the order of the paths.

    A path to a file is returned whatever its name, even if it does not exist; opening it reports
    that. In folders, PDFs or files matching `include` are taken; `exclude` overrides both.
    Wildcards in `literal` paths are not expanded. Raises NotFoundError if no file is left.
    """
    files: dict[str, InputFile] = {}
    for path in [*(meant for typed in paths for meant in _expanded(typed)), *literal]:
        if not recursive and _is_folder(path):
            raise UsageError(f"{path} is a folder", hint=f"fnt {command} -r {path}")
        for found in _below(path, include=include or BOOKS, exclude=exclude, tell=tell):
            files.setdefault(_identity(found.path), found)
    if not files:
        words = ", ".join(include or BOOKS)
        raise NotFoundError(f"no files to send in {words}")
    return list(files.values())


@contextmanager
def suggesting(paths: Sequence[Path]) -> Iterator[None]:
    """Add the name that is probably meant if the block does not find one of these files."""
    try:
        yield
    except NotFoundError as error:
        if error.hint is None and (meant := _file_meant(paths)):
            error.hint = f"did you mean {shlex.quote(meant)}?"
        raise


def _file_meant(paths: Sequence[Path]) -> str | None:
    """Return the file that those of the paths which do not exist stand for; None if unknown.

    A name with spaces that the shell has split, one without its extension, or a mistyped one.
    """
    missing = [path for path in paths if not os.path.lexists(path)]
    if not missing:
        return None
    first, joined = missing[0], " ".join(map(str, missing))
    for name in (joined, f"{joined}.pdf"):
        if os.path.isfile(name):  # noqa: PTH113 -- never raises
            return name
    try:
        with os.scandir(first.parent) as entries:
            names = {_folded(entry.name): entry.name for entry in islice(entries, NAMES_COMPARED)}
    except (OSError, ValueError):
        return None
    close = difflib.get_close_matches(_folded(first.name), names, n=1, cutoff=CLOSE)
    return str(first.with_name(names[close[0]])) if close else None


def _expanded(typed: Path) -> list[Path]:
    """Expand wildcards the shell has not expanded; as in most shells, `**` equals `*`."""
    pattern = str(typed)
    if not glob.has_magic(pattern) or os.path.lexists(typed):
        return [typed]
    matches = [Path(name) for name in sorted(glob.glob(pattern))]  # noqa: PTH207 -- keeps `..` and `/`
    if not matches:
        raise NotFoundError(f"nothing matches {pattern}")
    return matches


def _below(
    path: Path,
    *,
    include: Sequence[str],
    exclude: Sequence[str],
    tell: Callable[[str], None],
) -> Iterator[InputFile]:
    if not _is_folder(path):
        if not _matches(PurePath(path.name), exclude):
            yield InputFile(given=str(path), path=path, relative=PurePath(path.name))
        return
    for relative in sorted(_walk(path, exclude=exclude), key=lambda below: below.parts):
        if not _matches(relative, include):
            continue
        if not os.path.isfile(path / relative):  # noqa: PTH113 -- never raises
            kind = special_kind(path / relative) or "a broken link"
            tell(f"skipped {path / relative}: it is {kind}")
        else:
            yield InputFile(given=str(path / relative), path=path / relative, relative=relative)


def _walk(folder: Path, *, exclude: Sequence[str]) -> Iterator[PurePath]:
    """Yield what is below a folder, except folders, hidden names and what is in linked folders."""
    waiting = [PurePath()]
    while waiting:
        inner = waiting.pop()
        for entry in _entries(folder / inner):
            relative = inner / entry.name
            if entry.name.startswith(".") or _matches(relative, exclude):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(relative)
            elif not _is_linked_folder(entry):
                yield relative


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}", hint="skip it with --exclude NAME"
        ) from error


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 -- Path.is_dir raises for overlong paths


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # circular link
        return False


def _matches(relative: PurePath, patterns: Sequence[str]) -> bool:
    """Return whether a pattern matches the name or relative path, ignoring case."""
    name, path = _folded(relative.name), _folded(relative.as_posix())
    return any(
        fnmatchcase(name, _folded(pattern)) or fnmatchcase(path, _folded(pattern))
        for pattern in patterns
    )


def _folded(text: str) -> str:
    """Normalize Unicode, since `É` may be one code point or two, and case."""
    return unicodedata.normalize("NFC", text).lower()


def _identity(path: Path) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # not a valid file name; opening it reports that
        return str(path)
