"""Token storage in a file with owner-only permissions that refuses symbolic links."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import quote

from fnt.config.credentials.tokens import Tokens
from fnt.errors import UsageError
from fnt.files import NO_FOLLOW, PRIVATE, atomic_write, reason_of, write_errors


class TokenFile:
    """The file with one server's login, in the user's configuration folder."""

    def __init__(self, folder: Path, *, origin: str) -> None:
        self._folder = folder
        self.path = folder / (quote(origin, safe="") + ".json")

    def exists(self) -> bool:
        """Whether the file exists, meaning the user chose it at login."""
        return os.path.lexists(self.path)

    def load(self) -> Tokens | None:
        """Return the tokens, or None without a file; raises UsageError if it cannot be read."""
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
        """Replace the file atomically; raises UsageError if it cannot be written."""
        make_private_folder(self._folder)
        self._refuse_links()
        with write_errors(self.path), atomic_write(self.path, mode=PRIVATE) as file:
            file.write(tokens.to_json().encode())

    def delete(self) -> None:
        """Remove the file if it exists."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be removed: {reason_of(error)}") from error

    def _refuse_links(self) -> None:
        for path in (self._folder, self.path):
            if path.is_symlink():
                raise UsageError(f"{path} is a symbolic link; tokens are not stored through links")


def make_private_folder(folder: Path) -> None:
    """Create a folder with owner-only permissions; raises UsageError if that fails."""
    if folder.is_symlink():
        raise UsageError(f"{folder} is a symbolic link; tokens are not stored through links")
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise UsageError(f"{folder} cannot be created: {reason_of(error)}") from error
