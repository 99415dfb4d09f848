"""State shared by the checks of one diagnosis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from fnt.api.http import Response
    from fnt.config.settings import Settings
    from fnt.config.settings.proxy import Proxy
    from fnt.connection import Connection
    from fnt.context import AppContext
    from fnt.stream import JobStream
    from fnt.wire.responses import Health


@dataclass(slots=True, kw_only=True)
class DoctorContext:
    """What is being diagnosed; each check adds what later ones need."""

    context: AppContext
    folder: Path
    """Where results would be saved."""
    proxies: Callable[[], Mapping[str, str]]
    """Proxy URLs by scheme, from the environment and the system."""

    settings: Settings = field(init=False)
    connection: Connection = field(init=False)
    proxy: Proxy | None = None
    look: Response = field(init=False)
    """The response to the unauthenticated health request."""
    asked_at: datetime = field(init=False)
    """The midpoint of that request, on this machine's clock."""
    health: Health = field(init=False)
    """The health report for authenticated users."""
    has_websocket: bool = False
    stream: JobStream | None = None
    inbox: SimpleQueue[Any] = field(default_factory=SimpleQueue)

    @property
    def host(self) -> str:
        """The server's host name."""
        return urlsplit(self.settings.server).hostname or ""

    @property
    def port(self) -> int:
        """The server's port."""
        parts = urlsplit(self.settings.server)
        return parts.port or (443 if self.is_encrypted else 80)

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.settings.server.startswith("https:")

    @property
    def first_hop(self) -> tuple[str, int]:
        """Host and port to connect to: those of the proxy if there is one."""
        return (self.proxy.host, self.proxy.port) if self.proxy else (self.host, self.port)

    def close(self) -> None:
        """Close all connections."""
        if self.stream is not None:
            self.stream.close()
        if hasattr(self, "connection"):
            self.connection.api.close()
            self.connection.anonymous.close()
