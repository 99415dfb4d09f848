"""Whether to use color for a stream."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ColorMode(StrEnum):
    """When to use color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def wants_color(mode: ColorMode, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Return whether to use color, by precedence: flag, NO_COLOR, FORCE_COLOR, terminal."""
    if mode is not ColorMode.AUTO:
        return mode is ColorMode.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"
