"""How this distribution is called and installed; `fnt` on the package index is another program."""

from __future__ import annotations

NAME = "french-novel-tool"
INSTALL_HINT = "in a clone of French Novel Tool, run: pip install '.[{extras}]'"


def install_hint(*extras: str) -> str:
    """Return what to type to get these optional parts."""
    return INSTALL_HINT.format(extras=",".join(extras))
