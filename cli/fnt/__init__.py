"""Terminal client of the French Novel Tool; `Client` is for scripts."""

from __future__ import annotations

TYPE_CHECKING = False  # instead of importing typing, which takes as long as all of `fnt --version`
if TYPE_CHECKING:
    from fnt.client import Client

__all__ = ["Client", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the client on first access: it takes 150 ms, which `fnt --version` can save."""
    if name == "Client":
        from fnt.client import Client  # noqa: PLC0415

        return Client
    raise AttributeError(f"module 'fnt' has no attribute {name!r}")
