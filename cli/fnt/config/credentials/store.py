"""Storage of one server's login, in the keyring or in a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fnt.config.credentials.keyring_store import (
    KeyringError,
    KeyringLike,
    KeyringStore,
    find_safe_backend,
)
from fnt.config.credentials.token_file import TokenFile, make_private_folder
from fnt.config.credentials.tokens import Tokens
from fnt.errors import UsageError
from fnt.files import file_lock


class CredentialStore:
    """Stores one server's tokens in the keyring, or in a file if the user chose one at login."""

    def __init__(
        self,
        *,
        origin: str,
        config_dir: Path,
        no_keyring: bool,
        keyring: KeyringLike | None = None,
        timeout_s: float = 3.0,
    ) -> None:
        self._folder = config_dir / "credentials"
        self._file = TokenFile(self._folder, origin=origin)
        self._vault: KeyringStore | None = None
        if not no_keyring:
            self._vault = KeyringStore(
                origin=origin,
                find_backend=find_safe_backend if keyring is None else lambda: keyring,
                timeout_s=timeout_s,
            )

    def load(self) -> Tokens | None:
        """Return the tokens, or None if not logged in."""
        if self._file.exists() or self._vault is None:
            return self._file.load()
        return self._vault.load()

    def require_place(self, *, insecure_storage: bool = False) -> None:
        """Raise UsageError if `save` would fail; call this before logging in."""
        if insecure_storage or self._file.exists():
            return
        if self._vault is None:
            raise _no_keyring()
        self._vault.require()

    def save(self, tokens: Tokens, *, insecure_storage: bool = False) -> str:
        """Store the tokens, in a file only if the user chose that; return where, in words."""
        if insecure_storage or self._file.exists():
            return self._save_file(tokens)
        if self._vault is None:
            raise _no_keyring()
        return self._vault.save(tokens)

    def delete(self) -> None:
        """Delete the tokens from the file and the keyring."""
        self._file.delete()
        if self._vault is not None:
            self._vault.delete()

    def where(self) -> str:
        """Return a description of where the tokens are, or would be, stored."""
        if self._file.exists() or self._vault is None:
            return self._in_file()
        return self.keyring() or "nowhere: no secure keyring found"

    def keyring(self) -> str | None:
        """Return a description of the keyring, or None; raises KeyringError if it hangs."""
        return None if self._vault is None else self._vault.where()

    @property
    def is_in_file(self) -> bool:
        """Whether the user chose a file at login, in which case the keyring is not used."""
        return self._file.exists()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold an interprocess lock so that only one process renews this login at a time."""
        make_private_folder(self._folder)
        with file_lock(self._file.path.with_suffix(".lock")):
            yield

    def _save_file(self, tokens: Tokens) -> str:
        self._file.save(tokens)
        if self._vault is not None:
            with suppress(KeyringError):  # the file takes precedence over one left there
                self._vault.delete()
        return self._in_file()

    def _in_file(self) -> str:
        return f"{self._file.path} (not encrypted)"


def _no_keyring() -> UsageError:
    return UsageError(
        "without a keyring, the token can only be stored in a file",
        hint="run: fnt login --insecure-storage, or set FNT_TOKEN",
    )
