"""What is examined, and what earlier checks have found out of it for later ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from fnt.api.http import Response
    from fnt.config.settings import Settings
    from fnt.config.settings.proxy import Proxy
    from fnt.context import AppContext, Connection
    from fnt.stream import JobStream


@dataclass(slots=True, kw_only=True)
class DoctorContext:
    """One run of `fnt` on this machine. Checks fill it one after the other."""

    context: AppContext
    folder: Path
    """Where results would go."""
    proxies: Callable[[], Mapping[str, str]]
    """By scheme, from environment and system."""

    settings: Settings = field(init=False)
    connection: Connection = field(init=False)
    proxy: Proxy | None = None
    look: Response = field(init=False)
    """The server's answer about its health, without a token."""
    asked_at: datetime = field(init=False)
    """When half of the way to that answer was gone."""
    health: Mapping[str, Any] = field(default_factory=dict)
    """What it says of itself to one who is logged in."""
    has_websocket: bool = False
    stream: JobStream | None = None
    inbox: Queue[Any] = field(default_factory=Queue)

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.settings.server).hostname or ""

    @property
    def port(self) -> int:
        """The server's port."""
        parts = urlsplit(self.settings.server)
        return parts.port or (443 if self.is_encrypted else 80)

    @property
    def is_encrypted(self) -> bool:
        """Whether the server is spoken to by TLS."""
        return self.settings.server.startswith("https:")

    @property
    def first_hop(self) -> tuple[str, int]:
        """Name and port of what is connected to: the proxy, if one is in the way."""
        return (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)

    def close(self) -> None:
        """Leave what was opened."""
        if self.stream is not None:
            self.stream.close()
        if hasattr(self, "connection"):
            self.connection.api.close()
            self.connection.anonymous.close()
