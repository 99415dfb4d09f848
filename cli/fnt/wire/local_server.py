"""The personal server: what client and server find in its folder."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass

NAME = "local"
"""How settings, ledgers and caches name the personal server, whatever its port is."""

DATA_FOLDER = "data"
TOKEN_FILE = "token"  # noqa: S105 -- the name of a file
PORT_FILE = "port"
"""Holds the port of the last start, which the next one uses again."""
STATE_FILE = "server.json"
IN_USE_LOCK = "in-use.lock"
"""Locked shared by each client while it needs the server; exclusively by a server that ends."""

_VERSION = re.compile(r"[0-9A-Za-z.+!]{0,60}")
_URL = re.compile(r"(http://127\.0\.0\.1:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerState:
    """What a personal server tells about itself while it runs."""

    pid: int
    version: str
    url: str = ""
    """Empty until it is ready."""
    idle_s: int = 0
    """How long it stays without being used."""

    @classmethod
    def from_json(cls, text: str) -> ServerState | None:
        """Parse the output of `to_json`; return None for anything else."""
        try:
            state = cls(**json.loads(text))
            are_texts = _VERSION.fullmatch(state.version) and _URL.fullmatch(state.url)
        except (TypeError, ValueError, RecursionError):
            return None
        are_numbers = _is_number(state.pid, least=2) and _is_number(state.idle_s, least=0)
        return state if are_texts and are_numbers else None

    def to_json(self) -> str:
        """Return the state as JSON."""
        return json.dumps(asdict(self))


def _is_number(value: object, *, least: int) -> bool:
    return type(value) is int and least <= value < 2**31
