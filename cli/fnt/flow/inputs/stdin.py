"""A file from stdin, copied to disk so it can be read more than once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from fnt.errors import UsageError
from fnt.flow.inputs.preflight import MAX_BYTES

PIECE_BYTES = 1024 * 1024
OWN_FILES = Path("/proc/self/fd")
"""Where Linux lets a process reopen its own unnamed files."""


class Piped(Protocol):
    """The binary stream of stdin."""

    def read1(self, size: int, /) -> bytes:
        """Return available bytes, blocking only if there are none.

        Unlike `read`, which blocks until it has all, this lets Ctrl-C interrupt between calls.
        """
        ...


def pieces_of(source: Piped) -> Iterator[bytes]:
    """Yield blocks of bytes as they arrive."""
    while piece := source.read1(PIECE_BYTES):
        yield piece


@contextmanager
def spooled(source: Piped, *, most_bytes: int = MAX_BYTES) -> Iterator[Path]:
    """Copy the stream to a private temporary file that is deleted on exit."""
    with ExitStack() as stack:
        try:
            file, path = stack.enter_context(_private_file())
            _copy(source, file, most_bytes=most_bytes)
        except OSError as error:
            with suppress(OSError):  # closing writes what is left in the buffer
                stack.close()
            raise UsageError(
                f"standard input cannot be buffered: {error.strerror}",
                hint="set TMPDIR to a folder with enough space",
            ) from error
        yield path


@contextmanager
def _private_file() -> Iterator[tuple[BinaryIO, Path]]:
    if OWN_FILES.is_dir():  # an unnamed file is deleted even after kill -9
        with tempfile.TemporaryFile() as nameless:
            yield nameless, OWN_FILES / str(nameless.fileno())
        return
    with tempfile.TemporaryDirectory(prefix="fnt-") as folder:
        path = Path(folder, "stdin.pdf")
        with path.open("wb") as file:
            yield file, path


def _copy(source: Piped, file: BinaryIO, *, most_bytes: int) -> None:
    """Copy block by block, stopping once the size limit is exceeded."""
    left = most_bytes + 1
    while left and (piece := source.read1(min(PIECE_BYTES, left))):
        file.write(piece)
        left -= len(piece)
    file.flush()
