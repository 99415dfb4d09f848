"""Terminal client of the French Novel Tool; `Client` is for scripts."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import takes as long as all of `fnt --version`
if TYPE_CHECKING:
    from fnt.client import Client

__all__ = ["Client", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load the client when it is asked for: it takes 150 ms, `fnt --version` shall not."""
    if name == "Client":
        from fnt.client import Client  # noqa: PLC0415

        return Client
    raise AttributeError(f"module 'fnt' has no attribute {name!r}")
