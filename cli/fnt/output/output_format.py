"""How a run talks to its user."""

from __future__ import annotations

from enum import StrEnum


class OutputFormat(StrEnum):
    """How a run talks to its user."""

    HUMAN = "human"
    PLAIN = "plain"  # lines, also on a terminal
    JSON = "json"  # one document at the end
    JSONL = "jsonl"  # events as they happen
    QUIET = "quiet"  # results and errors only
