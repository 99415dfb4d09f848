"""Converts the files of an upload to books of its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fnt.files import read_errors, refuse_special
from fnt.flow.inputs.discovery import InputFile
from fnt.flow.ledger import Wanted
from fnt.flow.results.file_names import result_name
from fnt.wire.jobs import ProcessingSettings


def wanted_files(found: Sequence[InputFile], settings: ProcessingSettings) -> Iterator[Wanted]:
    """Yield each file as a book; raises NotFoundError and UsageError for anything but a file.

    One that cannot be opened is refused like a bad book. Results keep the folder structure.
    """
    for line, file in enumerate(found, start=1):
        _require_file(file.path)
        filename = _sendable(file.relative.name)
        name = result_name(filename, job_id=None, format="txt")
        yield Wanted(
            path=file.given,
            file=file.path,
            filename=filename,
            settings=settings,
            stem=str((file.relative.parent / name).with_suffix("")),
            line=line,
        )


def _require_file(path: Path) -> None:
    with read_errors(path):
        refuse_special(path, path.stat().st_mode)


def _sendable(name: str) -> str:
    """Return a name that is not valid Unicode as text that can be sent."""
    return name.encode("utf-8", "replace").decode("utf-8")
