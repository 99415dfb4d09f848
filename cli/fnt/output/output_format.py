"""How a run talks to its user, and whether in color."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class OutputFormat(StrEnum):
    """How a run talks to its user."""

    HUMAN = "human"
    PLAIN = "plain"  # lines, also on a terminal
    JSON = "json"  # one document at the end
    JSONL = "jsonl"  # events as they happen
    QUIET = "quiet"  # results and errors only


class ColorMode(StrEnum):
    """The user's word on color."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def wants_color(mode: ColorMode, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Decide on color: the flag, then NO_COLOR, then FORCE_COLOR, then the terminal."""
    if mode is not ColorMode.AUTO:
        return mode is ColorMode.ALWAYS
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"
