"""The storage for a process of greenlets: what would hold them all up runs in real threads."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator

from fnt_server.greenlets import natively
from fnt_server.storage import PART_BYTES, Storage

PIECE_BYTES = 1024 * 1024


class AsideStorage(Storage):
    """A Storage whose calls let other greenlets go on."""

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Gather the pieces here, where their socket may be read; write them aside."""
        with tempfile.SpooledTemporaryFile(max_size=PART_BYTES) as gathered:
            for chunk in chunks:
                gathered.write(chunk)
            gathered.seek(0)
            natively(super().put, key, iter(lambda: gathered.read(PIECE_BYTES), b""))

    def iter_bytes(self, key: str) -> Iterator[bytes]:
        """Read an object piece by piece; raises FileNotFoundError before the first."""
        stream = natively(super().iter_bytes, key)
        return iter(lambda: natively(next, stream, b""), b"")

    def copy(self, source: str, target: str) -> None:
        """Copy an object; raises FileNotFoundError."""
        natively(super().copy, source, target)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those already gone are no error."""
        natively(super().delete, list(keys))

    def iter_keys(self, prefix: str, *, older_than_s: float = 0.0) -> Iterator[list[str]]:
        """Yield the keys under a prefix whose objects are older than that, by the thousand."""
        batches = super().iter_keys(prefix, older_than_s=older_than_s)
        return iter(lambda: natively(next, batches, []), [])

    def delete_drafts(self, *, older_than_s: float) -> None:
        """Delete what is left in a folder of puts whose process was killed."""
        delete = super().delete_drafts
        natively(lambda: delete(older_than_s=older_than_s))
