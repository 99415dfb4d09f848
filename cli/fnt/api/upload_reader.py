"""A file object for uploads that reports progress and sends exactly the announced size."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import BinaryIO

from fnt.errors import UsageError
from fnt.files import read_errors


class UploadReader(io.BufferedIOBase):
    """Reader that reports the number of bytes sent each time the next block is requested.

    Bytes appended to the file after the upload started are ignored; `read` raises UsageError if
    the file was truncated.
    """

    def __init__(
        self, file: BinaryIO, *, name: str, size_bytes: int, on_sent: Callable[[int], None]
    ) -> None:
        self._file = file
        self._name = name
        self._size_bytes = size_bytes
        self._on_sent = on_sent
        self._position = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next block of at most `size` bytes."""
        if self._position:
            self._on_sent(self._position)
        left = self._size_bytes - self._position
        with read_errors(self._name):
            piece = self._file.read(left if size is None or size < 0 else min(size, left))
        if left and not piece:
            raise UsageError(f"{self._name} shrank during the upload")
        self._position += len(piece)
        return piece

    def tell(self) -> int:
        """Return the current offset in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Seek relative to the start of the file or to its announced end."""
        self._position = offset + (self._size_bytes if whence == os.SEEK_END else 0)
        return self._file.seek(self._position)
