"""The file format of a backup: a plain tar archive of regular files, whose last is `backup.json`.

It is not compressed: PDFs hardly shrink, and so no archive can grow when it is read.
"""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from fnt_server.config.environment import ConfigError

FORMAT: Final = 1
DATABASE, KEY, FILES, MANIFEST = "fnt.db", "secret.key", "files", "backup.json"
_NAME = re.compile(
    rf"{re.escape(DATABASE)}|{re.escape(KEY)}|{FILES}(/[A-Za-z0-9_][\w.-]*)+", re.ASCII
)
_MAX_NAME_CHARS = 400
_MAX_HEADER_BYTES = 1024 * 1024
_MAX_MANIFEST_BYTES = 64 * 1024
_NO_BACKUP = "{} is not a backup of fnt-server, or is damaged"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    format: int
    version: str
    """Of the program that wrote it."""
    created_at: str
    has_database: bool
    has_files: bool
    has_key: bool
    file_count: int
    """Files of jobs."""


class ArchiveWriter:
    """Writes a backup; without its manifest, which comes last, an archive is none."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "x:", format=tarfile.GNU_FORMAT)  # noqa: SIM115 -- closed below

    def add(self, name: str, file: IO[bytes]) -> None:
        """Add an open file, whole."""
        info = tarfile.TarInfo(name)
        info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
        self._tar.addfile(info, file)

    def close(self, manifest: Manifest, folder: Path) -> None:
        """Add the manifest and end the archive; `folder` is for a temporary file."""
        draft = folder / MANIFEST
        draft.write_bytes(msgspec.json.encode(manifest))
        with draft.open("rb") as file:
            self.add(MANIFEST, file)
        self._tar.close()


class ArchiveReader:
    """A backup that was examined as a whole: every name, kind and size, before anything is written.

    Raises ConfigError if it is none, is damaged, hostile or of another format.
    """

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._path = path
        try:
            self._tar = tarfile.open(fileobj=_BoundedReads(file), mode="r:")  # noqa: SIM115 -- as long as its file
            self._members = {member.name: member for member in self._checked()}
        except (tarfile.TarError, ValueError, OverflowError) as error:
            raise ConfigError(_NO_BACKUP.format(path)) from error
        self.manifest = self._read_manifest()

    @property
    def total_bytes(self) -> int:
        """Bytes of all files in it."""
        return sum(member.size for member in self._members.values())

    def extract(self, folder: Path) -> None:
        """Write every file but the manifest below a folder, each for this user only."""
        for name, member in self._members.items():
            if name == MANIFEST:
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            source = self._tar.extractfile(member)
            assert source is not None
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                while piece := source.read(_MAX_HEADER_BYTES):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
                if os.fstat(file.fileno()).st_size != member.size:
                    raise ConfigError(_NO_BACKUP.format(self._path))

    def _checked(self) -> Iterator[tarfile.TarInfo]:
        seen: set[str] = set()
        for member in self._tar:
            if MANIFEST in seen or member.name in seen or not _is_harmless(member):
                raise ConfigError(
                    f"{self._path} holds {member.name[:80]!a}, which does not belong in a backup"
                )
            seen.add(member.name)
            yield member
        if MANIFEST not in seen:
            raise ConfigError(f"{self._path} is incomplete: its end is missing")

    def _read_manifest(self) -> Manifest:
        member = self._members[MANIFEST]
        if member.size > _MAX_MANIFEST_BYTES:
            raise ConfigError(_NO_BACKUP.format(self._path))
        file = self._tar.extractfile(member)
        assert file is not None
        content = file.read()
        try:
            if msgspec.json.decode(content, type=_Version).format != FORMAT:
                raise ConfigError(f"{self._path} was made by a newer version: install that version")
            manifest = msgspec.json.decode(content, type=Manifest)
        except (msgspec.MsgspecError, ValueError) as error:
            raise ConfigError(_NO_BACKUP.format(self._path)) from error
        files = sum(name.startswith(f"{FILES}/") for name in self._members)
        found = (DATABASE in self._members, KEY in self._members, files)
        if found != (manifest.has_database, manifest.has_key, manifest.file_count):
            raise ConfigError(_NO_BACKUP.format(self._path))
        return manifest


class _Version(msgspec.Struct):
    format: int


def _is_harmless(member: tarfile.TarInfo) -> bool:
    return (
        member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)
        and not member.issparse()
        and member.size >= 0
        and len(member.name) <= _MAX_NAME_CHARS
        and (member.name == MANIFEST or _NAME.fullmatch(member.name) is not None)
    )


class _BoundedReads:
    """A file that refuses what only a made-up header asks for: huge or negative reads."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        """Return what is not bounded, such as `seek`."""
        return getattr(self._file, name)

    def read(self, size: int) -> bytes:
        """Read so many bytes at most."""
        if not 0 <= size <= _MAX_HEADER_BYTES:
            raise tarfile.ReadError("a header of impossible size")
        return self._file.read(size)
