"""The output formats of a run."""

from __future__ import annotations

from enum import StrEnum


class OutputFormat(StrEnum):
    """The output format of a run."""

    HUMAN = "human"
    PLAIN = "plain"  # lines, even on a terminal
    JSON = "json"  # one document at the end
    JSONL = "jsonl"  # events as they happen
    QUIET = "quiet"  # only results and errors
