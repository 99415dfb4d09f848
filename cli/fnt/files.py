"""File utilities: atomic writes, hashing, interprocess locks, one-line errors."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from fnt.errors import NotFoundError, SetupError, TemporaryError, UsageError

HASH_PIECE_BYTES = 1024 * 1024
PRIVATE = 0o600
"""Owner-only permissions."""
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # missing on Windows
PIPE_SILENT_S = 3.0
"""How long a named pipe may have no writer before that is said."""
BINARY = getattr(os, "O_BINARY", 0)


SPECIAL = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def special_kind(path: Path) -> str | None:
    """Return what a path is if it is there and no regular file, like `a named pipe`."""
    try:
        return SPECIAL.get(stat.S_IFMT(path.stat().st_mode))
    except (OSError, ValueError):  # whoever opens it reports that
        return None


def open_regular(path: Path, *, name: object = None) -> BinaryIO:
    """Open a regular file for reading, without waiting as opening a named pipe does.

    Raises UsageError for anything else, and OSError.
    """
    refuse_special(path, path.stat().st_mode, name=name)
    descriptor = os.open(path, os.O_RDONLY | BINARY | getattr(os, "O_NONBLOCK", 0))
    try:
        refuse_special(path, os.fstat(descriptor).st_mode, name=name)
    except UsageError:
        os.close(descriptor)
        raise
    return open(descriptor, "rb")  # noqa: PTH123 -- a descriptor, closed by the caller


def refuse_special(path: Path, mode: int, *, name: object = None) -> None:
    """Raise UsageError, with a hint, if a path of this mode is no regular file."""
    if stat.S_ISREG(mode):
        return
    kind = SPECIAL.get(stat.S_IFMT(mode), "something else")
    hint = f"fnt upload -r {path}" if stat.S_ISDIR(mode) else None
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        hint = f"read it as standard input: fnt upload - --name novel.pdf < {path}"
    raise UsageError(f"{name or path} is {kind}, not a file", hint=hint)


@contextmanager
def open_list(path: Path, *, tell: Callable[[str], None]) -> Iterator[BinaryIO]:
    """Open a list for reading; one from a named pipe is said to be waited for if nobody writes."""
    if special_kind(path) != "a named pipe":
        with path.open("rb") as file:
            yield file
        return
    patience = threading.Timer(PIPE_SILENT_S, tell, [f"waiting for a writer of {path}"])
    patience.daemon = True
    patience.start()
    try:
        with path.open("rb") as file:
            patience.cancel()
            yield file
    finally:
        patience.cancel()


def open_for_text(path: Path, mode: str) -> IO[str]:
    """Open a file for writing text; a named pipe must already have a reader.

    Raises OSError.
    """
    if special_kind(path) != "a named pipe":
        return path.open(mode, encoding="utf-8")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(error.errno, "a named pipe without a reader") from error
        raise
    os.set_blocking(descriptor, True)
    return open(descriptor, "w", encoding="utf-8")  # noqa: PTH123 -- a descriptor, as above


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Hash and modification time of a file."""

    sha256: str
    """Lowercase hexadecimal digest."""
    size_bytes: int
    modified_ns: int


def fingerprint(
    path: Path, *, name: str | None = None, on_piece: Callable[[], None] = lambda: None
) -> Fingerprint:
    """Hash a file; `on_piece` is called before each block and may raise to stop.

    Raises NotFoundError and UsageError, whose messages use `name`.
    """
    import hashlib  # noqa: PLC0415 -- takes 2 ms, which completion can save

    digest, size_bytes = hashlib.sha256(), 0
    with read_errors(name or path), open_regular(path, name=name) as file:
        modified_ns = os.fstat(file.fileno()).st_mtime_ns
        while piece := file.read(HASH_PIECE_BYTES):
            on_piece()
            digest.update(piece)
            size_bytes += len(piece)
    return Fingerprint(sha256=digest.hexdigest(), size_bytes=size_bytes, modified_ns=modified_ns)


@contextmanager
def temporary_file(beside: Path, *, stem: str | None = None) -> Iterator[Path]:
    """Yield an unused hidden path in the same folder; the file is deleted on exit.

    With a fixed `stem`, a file left by a killed process is deleted first.
    """
    path = beside.with_name(f".{stem or os.urandom(8).hex()}.fnt-part")
    if stem is not None:
        path.unlink(missing_ok=True)
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@contextmanager
def replaced_file(path: Path, *, stem: str | None = None) -> Iterator[Path]:
    """Yield a path to write to; it replaces `path` if the block succeeds."""
    with temporary_file(path, stem=stem) as draft:
        yield draft
        draft.replace(path)


@contextmanager
def new_file(path: Path, *, stem: str | None = None) -> Iterator[Path]:
    """Yield a path to write to, which becomes `path` at the end of the block.

    Raises FileExistsError if there is such a file by then, whoever made it.
    """
    with temporary_file(path, stem=stem) as draft:
        yield draft
        try:
            os.link(draft, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            path.open("xb").close()
            draft.replace(path)


@contextmanager
def atomic_write(path: Path, *, mode: int = 0o666, fsync: bool = True) -> Iterator[BinaryIO]:
    """Open a file that atomically replaces `path` when the block ends.

    The file has `mode`, restricted by the umask, from the start. Raises OSError.
    """
    with replaced_file(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW | BINARY, mode)
        with open(descriptor, "wb") as file:  # noqa: PTH123 -- a descriptor
            yield file
            file.flush()
            if fsync:
                os.fsync(descriptor)


@contextmanager
def file_lock(
    path: Path,
    *,
    timeout_s: float = 20.0,
    busy: str = "another fnt process is renewing the login and has not finished",
    hint: str | None = None,
) -> Iterator[None]:
    """Hold an interprocess lock on a file, released even if the process is killed.

    Raises TemporaryError with `busy` as its message if the lock is not free within `timeout_s`
    seconds, and SetupError with `hint` if the file cannot be locked.
    """
    import filelock  # noqa: PLC0415 -- takes 59 ms, only for token renewal and ledgers

    # The library's fallback for file systems without locks would outlive a killed process.
    lock = filelock.FileLock(path, timeout=timeout_s, mode=PRIVATE, fallback_to_soft=False)
    try:
        path.parent.stat()  # the library would create the folder
        lock.acquire()
    except filelock.Timeout as error:
        raise TemporaryError(busy, code="LOCKED") from error
    except OSError as error:
        raise SetupError(f"{path} cannot be locked: {reason_of(error)}", hint=hint) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def read_errors(name: object) -> Iterator[None]:
    """Translate errors from reading a file into NotFoundError or UsageError."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError(f"file {name} not found") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be read: {reason_of(error)}") from error


@contextmanager
def write_errors(name: object) -> Iterator[None]:
    """Translate errors from writing a file into UsageError."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} cannot be written: {reason_of(error)}") from error


def reason_of(error: OSError | ValueError) -> str:
    """Return why a file cannot be used, in the system's words if available."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "invalid file name"
