"""A file that arrives on standard input, kept aside so that it can be read more than once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fnt.errors import FntError
from fnt.preflight import MAX_BYTES

PIECE_BYTES = 1024 * 1024
OWN_FILES = Path("/proc/self/fd")
"""Where Linux lets a process open its own nameless files once more."""


@contextmanager
def spooled(source: BinaryIO) -> Iterator[Path]:
    """Copy all there is to a private file, which is gone after the block."""
    try:
        with _private_file() as (file, path):
            _copy(source, file)
            yield path
    except OSError as error:
        message = f"standard input cannot be kept in {tempfile.gettempdir()}: {error.strerror}"
        raise FntError(message, hint="TMPDIR names another folder") from error


@contextmanager
def _private_file() -> Iterator[tuple[BinaryIO, Path]]:
    if OWN_FILES.is_dir():  # without a name it is gone even after kill -9
        with tempfile.TemporaryFile() as nameless:
            yield nameless, OWN_FILES / str(nameless.fileno())
        return
    with tempfile.TemporaryDirectory(prefix="fnt-") as folder:
        path = Path(folder, "stdin.pdf")
        with path.open("wb") as file:
            yield file, path


def _copy(source: BinaryIO, file: BinaryIO) -> None:
    """Copy in pieces, and no more than shows that it is too large."""
    left = MAX_BYTES + 1
    while left and (piece := source.read(min(PIECE_BYTES, left))):
        file.write(piece)
        left -= len(piece)
    file.flush()
