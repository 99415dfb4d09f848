"""The ways a run writes its output."""

from __future__ import annotations

from enum import StrEnum


class OutputMode(StrEnum):
    """How a run writes its output."""

    HUMAN = "human"
    PLAIN = "plain"  # lines, even on a terminal
    JSON = "json"  # one document at the end
    JSONL = "jsonl"  # events as they happen
    QUIET = "quiet"  # only results and errors
