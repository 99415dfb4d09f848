"""Where `-o` says that results go: a folder, or one file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fnt.errors import UsageError
from fnt.flow.results.format_option import ALL_FORMATS
from fnt.flow.results.names import extension

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A folder, or one file in it."""

    folder: Path
    file: Path | None = None

    def prepare(self) -> None:
        """Make the folder before anything is sent."""
        prepare_folder(self.folder)


def destination(text: str, *, formats: Sequence[str], jobs: int) -> Destination:
    """Tell folder from file: what is there, a slash at the end, then the ending of the name."""
    path = Path(text)
    ending = path.suffix.lower().removeprefix(".")
    format = {extension(name): name for name in ALL_FORMATS}.get(ending)
    if format is None or text.endswith(("/", os.sep)) or os.path.isdir(path):  # noqa: PTH112 -- never raises
        return Destination(folder=path)
    if jobs * len(formats) != 1:
        raise UsageError(
            f"{path} is a file, but there are several results", hint=f"use a folder: -o {path}/"
        )
    if format != formats[0]:
        raise UsageError(
            f"{path} does not match the format {formats[0]}", hint=f"use -f {format}, or -o {path}/"
        )
    return Destination(folder=path.parent, file=path)


def prepare_folder(folder: Path) -> None:
    """Make a folder for results; raises UsageError where it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be used as a folder: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{folder} cannot be written to")
