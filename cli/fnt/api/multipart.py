"""The body of an upload: read piece by piece, counted where it is read, and repeatable."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from fnt.errors import UsageError
from fnt.wire import paths

PIECE_BYTES = 64 * 1024


class UploadBody:
    """`job_id` first, the file last, as multipart/form-data; each iteration reads the file anew."""

    def __init__(
        self,
        *,
        job_id: int,
        path: Path,
        filename: str,
        size_bytes: int,
        on_sent: Callable[[int], None],
        boundary: str | None = None,
    ) -> None:
        boundary = boundary or secrets.token_hex(16)
        self._path = path
        self._on_sent = on_sent
        self._head = _head(boundary, job_id=job_id, filename=filename)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._size_bytes = size_bytes
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + self._size_bytes + len(self._tail)),
        }

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        yield self._head
        with _opened(self._path) as file:
            while piece := file.read(min(PIECE_BYTES, self._size_bytes - sent)):
                yield piece
                sent += len(piece)
                self._on_sent(sent)
        if sent < self._size_bytes:
            raise UsageError(f"{self._path.name} shrank during the upload")
        yield self._tail


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}") from error


def _head(boundary: str, *, job_id: int, filename: str) -> bytes:
    lines = (
        f"--{boundary}",
        'Content-Disposition: form-data; name="job_id"',
        "",
        str(job_id),
        f"--{boundary}",
        f'Content-Disposition: form-data; name="{paths.FILE_FIELD}"; '
        f'filename="{_quoted(filename)}"',
        "Content-Type: application/pdf",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


def _quoted(filename: str) -> str:
    """Escape as browsers do, so that no name can end its header."""
    plain = filename.encode("utf-8", "replace").decode()
    return "".join(f"%{ord(c):02X}" if c < " " or c in '"\x7f' else c for c in plain)
