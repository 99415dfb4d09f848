"""How long requests and steps may take to end after SIGTERM."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number


@dataclass(frozen=True, slots=True, kw_only=True)
class ShutdownTimeout:
    """The time between SIGTERM and the end."""

    drain_s: int = number("FNT_DRAIN_S", 8, 1, 600)
