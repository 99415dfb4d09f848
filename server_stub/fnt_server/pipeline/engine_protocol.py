"""The protocol between the pipeline and its engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fnt.wire.jobs import PieceQuality, ProcessingSettings


class Stopped(Exception):  # noqa: N818 -- told to stop, not failed
    """The work was told to stop: the lease is lost, or the worker is shutting down."""


class EngineFailed(Exception):  # noqa: N818 -- names what happened
    """An engine failed, and there is no fallback."""

    def __init__(self, message: str, *, certain: bool = False) -> None:
        super().__init__(message)
        self.certain = certain
        """A retry would fail the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """One sentence split into short pieces."""

    pieces: list[str]
    engine: str
    """Which engine made them."""
    quality: PieceQuality | None = None
    """How they were cut, if the engine tells."""
    fallback_reason: str | None = None
    """Why this engine was used instead of the requested one."""


Engine = Callable[[Sequence[str], ProcessingSettings], list[Shortened]]
"""Takes the long sentences in the order of the book and returns one result for each.

Raises EngineFailed.
"""
