"""What an engine is: a function from one sentence to short ones."""

from __future__ import annotations

from collections.abc import Callable

from fnt.wire.jobs import ProcessingSettings

Engine = Callable[[str, ProcessingSettings], list[str]]


class EngineFailed(Exception):  # noqa: N818 -- names what happened
    """An engine could not answer, and nothing can stand in for it."""
