"""Token storage in the system keyring, with a time limit and without plaintext backends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from fnt.config.credentials.tokens import Tokens
from fnt.errors import UsageError
from fnt.time_limit import call_within

SERVICE = "fnt"

T = TypeVar("T")


class KeyringLike(Protocol):
    """The methods of a keyring backend that are used here."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """Return the stored secret."""
        ...

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Store a secret."""
        ...

    def delete_password(self, service: str, username: str, /) -> None:
        """Delete a stored secret."""
        ...


class KeyringError(UsageError):
    """The keyring is unavailable; the hint lists the alternatives."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, hint="unlock it, or run: fnt login --insecure-storage, or set FNT_TOKEN"
        )


class KeyringStore:
    """The login of one server, stored in the keyring."""

    def __init__(
        self, *, origin: str, find_backend: Callable[[], KeyringLike | None], timeout_s: float
    ) -> None:
        self._origin = origin
        self._find_backend = find_backend
        self._timeout_s = timeout_s

    def load(self) -> Tokens | None:
        """Return the tokens, or None if there are none or no usable keyring."""
        text = self._limited(lambda backend: backend.get_password(SERVICE, self._origin))
        return Tokens.from_json(text) if isinstance(text, str) else None

    def require(self) -> None:
        """Raise KeyringError if there is no keyring or it does not respond."""
        self._limited(lambda backend: backend.get_password(SERVICE, self._origin), needed=True)

    def save(self, tokens: Tokens) -> str:
        """Store the tokens, verify them, and return a description of the keyring."""
        return self._limited(lambda backend: self._save(backend, tokens), needed=True) or ""

    def delete(self) -> None:
        """Delete the tokens, if there are any."""
        self._limited(self._delete)

    def where(self) -> str | None:
        """Return a description of the keyring, or None if there is none."""
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
        """Call `ask` with a time limit, since a locked keyring may never respond."""

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
        except Exception as error:  # backends raise arbitrary exceptions
            raise KeyringError(f"the keyring failed ({type(error).__name__})") from error


def find_safe_backend() -> KeyringLike | None:
    """Return the system keyring, or None if it discards secrets or stores them as plaintext."""
    import keyring  # noqa: PLC0415 -- takes 74 ms, and most runs have a token from elsewhere

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
