"""Tokens in a file: readable by its owner alone from the first byte, never through a link."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from urllib.parse import quote

from fnt.config.credentials.tokens import Tokens
from fnt.errors import UsageError

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag, and no such links by default


class TokenFile:
    """The file of one server's login in the user's settings folder."""

    def __init__(self, folder: Path, *, origin: str) -> None:
        self._folder = folder
        self.path = folder / (quote(origin, safe="") + ".json")

    def exists(self) -> bool:
        """Whether the user chose the file at login."""
        return os.path.lexists(self.path)

    def load(self) -> Tokens | None:
        """Read the tokens; None when there are none."""
        if not self.exists():
            return None
        self._refuse_links()
        try:
            descriptor = os.open(self.path, os.O_RDONLY | _NOFOLLOW)
            with open(descriptor, encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
                return Tokens.from_json(file.read(65_536))
        except (OSError, ValueError) as error:
            raise UsageError(f"{self.path} cannot be read: {_reason(error)}") from error

    def save(self, tokens: Tokens) -> None:
        """Write beside and rename, so that a reader sees the old pair or the new one."""
        make_private_folder(self._folder)
        self._refuse_links()
        fresh = self.path.with_name(f".{self.path.name}.{secrets.token_hex(6)}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW
        try:
            descriptor = os.open(fresh, flags, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
                file.write(tokens.to_json())
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise UsageError(f"{self.path} cannot be written: {_reason(error)}") from error

    def delete(self) -> None:
        """Remove the file, if there is one."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be removed: {_reason(error)}") from error

    def _refuse_links(self) -> None:
        for path in (self._folder, self.path):
            if path.is_symlink():
                raise UsageError(f"{path} is a link; tokens are not kept through links")


def make_private_folder(folder: Path) -> None:
    """Make a folder and the one above it for the owner alone."""
    if folder.is_symlink():
        raise UsageError(f"{folder} is a link; tokens are not kept through links")
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is damaged"
