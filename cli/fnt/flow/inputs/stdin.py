"""A file that arrives on standard input, kept aside so that it can be read more than once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from fnt.errors import FntError
from fnt.flow.inputs.preflight import MAX_BYTES

PIECE_BYTES = 1024 * 1024
OWN_FILES = Path("/proc/self/fd")
"""Where Linux lets a process open its own nameless files once more."""


class Piped(Protocol):
    """The bytes of standard input."""

    def read1(self, size: int, /) -> bytes:
        """Return what has come, waiting only while nothing has.

        Unlike `read`, which goes on until it has all, it lets a Ctrl-C through in between.
        """
        ...


def pieces_of(source: Piped) -> Iterator[bytes]:
    """Yield all that comes, as it comes."""
    while piece := source.read1(PIECE_BYTES):
        yield piece


@contextmanager
def spooled(source: Piped, *, most_bytes: int = MAX_BYTES) -> Iterator[Path]:
    """Copy all there is to a private file, which is gone after the block."""
    with ExitStack() as stack:
        try:
            file, path = stack.enter_context(_private_file())
            _copy(source, file, most_bytes=most_bytes)
        except OSError as error:
            raise FntError(
                f"standard input cannot be buffered: {error.strerror}",
                hint="set TMPDIR to a folder with enough space",
            ) from error
        yield path


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


def _copy(source: Piped, file: BinaryIO, *, most_bytes: int) -> None:
    """Copy in pieces, and no more than shows that it is too large."""
    left = most_bytes + 1
    while left and (piece := source.read1(min(PIECE_BYTES, left))):
        file.write(piece)
        left -= len(piece)
    file.flush()
