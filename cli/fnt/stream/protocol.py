"""What the stream needs from others: tokens, and a Socket.IO client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class TokenSource(Protocol):
    """Who knows the token."""

    def current_token(self) -> str:
        """Return a token that should be accepted now."""
        ...

    def renewed_token(self, refused: str) -> str:
        """Return another one in place of one the server refused; raises AuthError."""
        ...


class SocketClient(Protocol):
    """The untyped library's client, as far as it is used here."""

    eio: Any

    def on(self, event: str, handler: Callable[..., None]) -> object:
        """Register a handler."""
        ...

    def connect(self, url: str, **options: Any) -> None:
        """Connect, or raise."""
        ...

    def emit(self, event: str, data: object, *, callback: Callable[..., None]) -> None:
        """Send an event; the answer is given to the callback."""
        ...

    def disconnect(self) -> None:
        """Say goodbye."""
        ...


class EventSource(Protocol):
    """The connection an event came from; compared by identity."""

    def close(self) -> None:
        """Say goodbye."""
        ...
