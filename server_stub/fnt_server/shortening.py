"""What stands between the pipeline and its engines: the question and the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fnt.wire.jobs import ProcessingSettings


class Stopped(Exception):  # noqa: N818 -- told to stop, not failed
    """The work was told to stop: the step is no longer ours, or the worker ends."""


class EngineFailed(Exception):  # noqa: N818 -- names what happened
    """An engine could not answer, and nothing can stand in for it."""

    def __init__(self, message: str, *, certain: bool = False) -> None:
        super().__init__(message)
        self.certain = certain
        """Trying again would end the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """One sentence made short."""

    pieces: list[str]
    engine: str
    """Which engine made them."""
    instead: str | None = None
    """Why this engine had to stand in for the one that was asked."""


Engine = Callable[[Sequence[str], ProcessingSettings, Callable[[], bool]], list[Shortened]]
"""From sentences that are too long, in the order of the book, to short ones: one answer for each.

The last argument tells whether to go on. Raises EngineFailed, and Stopped when it says no.
"""
