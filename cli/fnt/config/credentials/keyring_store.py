"""The system's keyring, asked politely: with a time limit, and never one that keeps plain text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from fnt.config.credentials.tokens import Tokens
from fnt.errors import UsageError
from fnt.timeout import call_within

SERVICE = "fnt"

T = TypeVar("T")


class KeyringLike(Protocol):
    """A backend of the keyring library, as far as it is used here."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """Return the secret of a name."""
        ...

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Keep a secret."""
        ...

    def delete_password(self, service: str, username: str, /) -> None:
        """Forget a secret."""
        ...


class KeyringError(UsageError):
    """The keyring cannot be used; the hint names the ways around it."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, hint="unlock it, or run: fnt login --insecure-storage, or set FNT_TOKEN"
        )


class KeyringStore:
    """One server's login in the keyring."""

    def __init__(
        self, *, origin: str, find_backend: Callable[[], KeyringLike | None], timeout_s: float
    ) -> None:
        self._origin = origin
        self._find_backend = find_backend
        self._timeout_s = timeout_s

    def load(self) -> Tokens | None:
        """Read the tokens; None when there are none, or no keyring that could hold any."""
        text = self._limited(lambda backend: backend.get_password(SERVICE, self._origin))
        return Tokens.from_json(text) if isinstance(text, str) else None

    def require(self) -> None:
        """Raise KeyringError where there is no keyring, or none that answers."""
        self._limited(lambda backend: backend.get_password(SERVICE, self._origin), needed=True)

    def save(self, tokens: Tokens) -> str:
        """Keep the tokens, read them back, and say where they are."""
        return self._limited(lambda backend: self._save(backend, tokens), needed=True) or ""

    def delete(self) -> None:
        """Forget the tokens, if there are any."""
        self._limited(self._delete)

    def where(self) -> str | None:
        """Say which keyring it is; None without one."""
        return self._limited(_describe)

    def _save(self, backend: KeyringLike, tokens: Tokens) -> str:
        text = tokens.to_json()
        backend.set_password(SERVICE, self._origin, text)
        if backend.get_password(SERVICE, self._origin) != text:
            raise KeyringError("the keyring did not store the token")
        return _describe(backend)

    def _delete(self, backend: KeyringLike) -> None:
        if backend.get_password(SERVICE, self._origin) is not None:
            backend.delete_password(SERVICE, self._origin)

    def _limited(self, ask: Callable[[KeyringLike], T], *, needed: bool = False) -> T | None:
        """Ask for so long only: a locked keyring may never answer."""

        def run() -> T | None:
            backend = self._find_backend()
            if backend is None and needed:
                raise KeyringError("no secure keyring found")
            return None if backend is None else ask(backend)

        try:
            return call_within(self._timeout_s, run, name="keyring")
        except KeyringError:
            raise
        except TimeoutError as error:
            words = f"the keyring did not respond within {self._timeout_s:g} s"
            raise KeyringError(words) from error
        except Exception as error:  # backends raise what they like
            raise KeyringError(f"the keyring failed ({type(error).__name__})") from error


def find_safe_backend() -> KeyringLike | None:
    """Return the system's keyring, or None: not the ones that keep nothing or plain text."""
    import keyring  # noqa: PLC0415 -- 74 ms, and most runs are told the token otherwise

    chosen = keyring.get_keyring()
    members = getattr(chosen, "backends", None) or [chosen]
    return next((member for member in members if _is_safe(member)), None)


def _is_safe(backend: object) -> bool:
    module = type(backend).__module__
    unsafe = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
    return not module.startswith(unsafe)


def _describe(backend: KeyringLike) -> str:
    name = getattr(backend, "name", None)
    return f"the system keyring ({name if isinstance(name, str) else type(backend).__name__})"
