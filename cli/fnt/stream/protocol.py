"""Protocols the stream depends on: a token source and a Socket.IO client."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class TokenSource(Protocol):
    """Provides the access token."""

    def current_token(self) -> str:
        """Return a token the server is expected to accept."""
        ...

    def renewed_token(self, refused: str) -> str:
        """Return a replacement for a token the server rejected; raises AuthError."""
        ...


class SocketClient(Protocol):
    """The part of the untyped library's client that is used here."""

    eio: Any

    def on(self, event: str, handler: Callable[..., None]) -> object:
        """Register an event handler."""
        ...

    def connect(self, url: str, **options: Any) -> None:
        """Connect, or raise."""
        ...

    def emit(self, event: str, data: object, *, callback: Callable[..., None]) -> None:
        """Send an event; the acknowledgment is passed to `callback`."""
        ...

    def disconnect(self) -> None:
        """Disconnect."""
        ...


class EventSource(Protocol):
    """The connection an event came from, compared by identity."""

    def close(self) -> None:
        """Close the connection."""
        ...
