"""Objects by key, in a folder or a bucket; a write is all or nothing."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from fnt_server.concurrency import in_native_thread
from fnt_server.config.environment import ConfigError
from fnt_server.failure_reasons import BUCKET_NOT_FOUND, MISSING_BUCKET, ReasonedError, reason

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of a full disk."""
CONNECT_WITHIN = timedelta(seconds=3)
SILENT_AFTER = timedelta(seconds=8)
"""A bucket that transfers nothing for this long is down; a part must be uploaded by then."""
REQUEST_WITHIN = timedelta(hours=1)
"""The longest download to a slow client."""
RETRIES = 2
PART_BYTES = 5 * 1024 * 1024
"""Minimum part size of an S3 multipart upload."""
LISTED_AT_ONCE = 1000
PROBED_PREFIX = "check/"
"""Where there are hardly any objects."""
PIECE_BYTES = 1024 * 1024
"""Minimum number of bytes read from a bucket at a time."""


class StorageDownError(ReasonedError):
    """The storage is unreachable or refuses a request, which may succeed later."""


class Storage:
    """Puts and gets objects. A put that fails, or whose process dies, leaves nothing under its key.

    Do not use it before a fork: the library's threads do not survive that.
    """

    def __init__(self, url: str) -> None:
        self._folder = local_folder(url)
        try:
            if self._folder:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._store = (
                LocalStore(self._folder, automatic_cleanup=True) if self._folder else _bucket(url)
            )
        except (OSError, ValueError, obstore.exceptions.BaseError) as error:
            raise ConfigError(f"cannot use FNT_STORAGE_URL: {reason(error)}") from error

    def probe(self) -> None:
        """Raise unless the storage is there, and, if it is a folder, writable."""
        if self._folder is None:
            with _in_our_words("bucket"):
                next(iter(obstore.list(self._store, PROBED_PREFIX, chunk_size=1)), None)
        elif not os.access(self._folder, os.W_OK | os.X_OK):
            raise StorageDownError("the folder is missing or not writable: check FNT_STORAGE_URL")

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Write an object from chunks; an exception raised by `chunks` leaves nothing behind.

        `chunks` must not use the storage itself. Raises OSError if the disk is full, and, like
        every method, StorageDownError if the bucket is down.
        """
        try:
            with _in_our_words(key):
                body = iter(chunks) if self._folder else _whole_if_small(iter(chunks))
                obstore.put(self._store, key, body, chunk_size=PART_BYTES, max_concurrency=2)
        except FileNotFoundError as error:
            raise StorageDownError(BUCKET_NOT_FOUND) from error
        self._sync(key)

    def get(self, key: str) -> bytes:
        """Read a small object whole; raises FileNotFoundError."""
        return b"".join(self.iter_bytes(key))

    def iter_bytes(self, key: str) -> Iterator[bytes]:
        """Read an object in pieces; raises FileNotFoundError before the first."""
        with _in_our_words(key):
            stream = obstore.get(self._store, key).stream(min_chunk_size=PIECE_BYTES)
        return _pieces(stream, key)

    def iter_lines(self, key: str) -> Iterator[bytes]:
        """Read an object line by line, keeping line ends; raises FileNotFoundError at once."""
        return _lines(self.iter_bytes(key))

    def iter_blocks(self, key: str) -> Iterator[bytes]:
        """Read an object in blocks of whole lines; raises FileNotFoundError at once."""
        return _whole_lines(self.iter_bytes(key))

    def copy(self, source: str, target: str) -> None:
        """Copy an object; raises FileNotFoundError."""
        with _in_our_words(source):
            obstore.copy(self._store, source, target)
        self._sync(target)

    def _sync(self, key: str) -> None:
        """Make a file survive a power failure, with every folder that may be new."""
        if self._folder is None:
            return
        path = self._folder / key
        for target in (path, *path.parents):
            handle = os.open(target, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            if target == self._folder:
                return

    @contextlib.contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        """Provide an object as a local file within the block."""
        if self._folder:
            path = self._folder / key
            if not path.exists():
                raise FileNotFoundError(key)
            yield path
            return
        with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
            for chunk in self.iter_bytes(key):
                file.write(chunk)
            file.flush()
            yield Path(file.name)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; missing ones are ignored."""
        # A bucket deletes a thousand in one request, and ignores missing ones.
        for some in ([key] for key in keys) if self._folder else [list(keys)]:
            with contextlib.suppress(FileNotFoundError), _in_our_words("object"):
                obstore.delete(self._store, some)

    def delete_under(self, prefix: str) -> None:
        """Delete the objects under a prefix that has few."""
        self.delete(self.list_keys(prefix))

    def delete_drafts(self, *, older_than_s: float) -> None:
        """Delete what puts left in a folder when their process was killed.

        In a bucket, a lifecycle rule does this: parts of unfinished uploads are not objects.
        """
        newest = time.time() - older_than_s
        for draft in self._folder.rglob("*#*") if self._folder else ():
            with contextlib.suppress(FileNotFoundError):
                if draft.is_file() and draft.stat().st_mtime <= newest:
                    draft.unlink()

    def list_keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix that has few."""
        return [key for keys in self.iter_keys(prefix) for key in keys]

    def iter_keys(self, prefix: str, *, older_than_s: float = 0.0) -> Iterator[list[str]]:
        """Yield the keys of objects under a prefix that are older than that, in batches."""
        newest = time.time() - older_than_s
        with _in_our_words(prefix):
            for batch in obstore.list(self._store, prefix, chunk_size=LISTED_AT_ONCE):
                keys = [m["path"] for m in batch if m["last_modified"].timestamp() <= newest]
                if keys:
                    yield keys


class NativeThreadStorage(Storage):
    """A Storage for gevent: blocking calls run in native threads, beside other greenlets."""

    def probe(self) -> None:
        """Raise unless the storage is there."""
        in_native_thread(super().probe)

    def put(self, key: str, chunks: Iterable[bytes]) -> None:
        """Collect the chunks here, where their socket can be read; write in a native thread."""
        with tempfile.SpooledTemporaryFile(max_size=PART_BYTES) as gathered:
            for chunk in chunks:
                gathered.write(chunk)
            gathered.seek(0)
            in_native_thread(super().put, key, iter(lambda: gathered.read(PIECE_BYTES), b""))

    def iter_bytes(self, key: str) -> Iterator[bytes]:
        """Read an object in pieces; raises FileNotFoundError before the first."""
        stream = in_native_thread(super().iter_bytes, key)
        return iter(lambda: in_native_thread(next, stream, b""), b"")

    def copy(self, source: str, target: str) -> None:
        """Copy an object; raises FileNotFoundError."""
        in_native_thread(super().copy, source, target)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; missing ones are ignored."""
        in_native_thread(super().delete, list(keys))

    def iter_keys(self, prefix: str, *, older_than_s: float = 0.0) -> Iterator[list[str]]:
        """Yield the keys of objects under a prefix that are older than that, in batches."""
        batches = super().iter_keys(prefix, older_than_s=older_than_s)
        return iter(lambda: in_native_thread(next, batches, []), [])

    def delete_drafts(self, *, older_than_s: float) -> None:
        """Delete what puts left in a folder when their process was killed."""
        delete = super().delete_drafts
        in_native_thread(lambda: delete(older_than_s=older_than_s))


def local_folder(url: str) -> Path | None:
    """Return the folder a `file://` URL names, None for a bucket."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _bucket(url: str) -> ObjectStore:
    return from_url(
        url,
        client_options={
            "connect_timeout": CONNECT_WITHIN,
            "read_timeout": SILENT_AFTER,
            "timeout": REQUEST_WITHIN,
            # With options of our own, the library no longer reads this one.
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true", "yes"},
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": SILENT_AFTER},
    )


def _whole_if_small(chunks: Iterator[bytes]) -> bytes | Iterator[bytes]:
    """Return a small object whole: one request instead of three, and no parts are an error."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= PART_BYTES:
            return chain(held, chunks)
    return b"".join(held)


@contextlib.contextmanager
def _in_our_words(key: str) -> Iterator[None]:
    """Translate the library's errors to FileNotFoundError, OSError or StorageDownError."""
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        if re.search(MISSING_BUCKET, str(error)):
            raise StorageDownError(BUCKET_NOT_FOUND) from error
        raise FileNotFoundError(key) from None
    except obstore.exceptions.BaseError as error:
        raise _system_error(error) or StorageDownError(reason(error)) from error


def _pieces(stream: obstore.BytesStream, key: str) -> Iterator[bytes]:
    with _in_our_words(key):
        for piece in stream:
            yield bytes(piece)


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def _whole_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    begun: list[bytes] = []
    for chunk in chunks:
        lines, end, rest = chunk.rpartition(b"\n")
        if end:
            yield b"".join([*begun, lines, end])
            begun.clear()
        begun.append(rest)
    if rest := b"".join(begun):
        yield rest


def _system_error(error: Exception) -> OSError | None:
    """Return the OSError that the library reports only in its message."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else None
