"""Tokens in a file: readable by its owner alone from the first byte, never through a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import quote

from fnt.config.credentials.tokens import Tokens
from fnt.errors import UsageError
from fnt.files import NO_FOLLOW, PRIVATE, atomic_write, reason_of, write_errors


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
            descriptor = os.open(self.path, os.O_RDONLY | NO_FOLLOW)
            with open(descriptor, encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
                return Tokens.from_json(file.read(65_536))
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {reason_of(error)}") from error
        except ValueError as error:
            raise UsageError(f"{self.path} cannot be read: it is damaged") from error

    def save(self, tokens: Tokens) -> None:
        """Keep a pair; a reader sees the old one or the new."""
        make_private_folder(self._folder)
        self._refuse_links()
        with write_errors(self.path), atomic_write(self.path, mode=PRIVATE) as file:
            file.write(tokens.to_json().encode())

    def delete(self) -> None:
        """Remove the file, if there is one."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be removed: {reason_of(error)}") from error

    def _refuse_links(self) -> None:
        for path in (self._folder, self.path):
            if path.is_symlink():
                raise UsageError(f"{path} is a symbolic link; tokens are not stored through links")


def make_private_folder(folder: Path) -> None:
    """Make a folder and the one above it for the owner alone."""
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symbolic link; tokens are not stored through links")
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise UsageError(f"{folder} cannot be created: {reason_of(error)}") from error
