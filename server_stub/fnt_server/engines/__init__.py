"""Engines by name."""

from fnt_server.engines.base import Engine, EngineFailed
from fnt_server.engines.rules import shorten

__all__ = ["NAMES", "Engine", "EngineFailed", "get_engine"]

_ENGINES: dict[str, Engine] = {"rules": shorten}

NAMES = frozenset(_ENGINES)


def get_engine(name: str) -> Engine:
    """Return the engine of this name; raises KeyError for one that is not in NAMES."""
    return _ENGINES[name]
