"""The interface of a language model service, with retries and its errors."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from fnt_server.pipeline.engine_protocol import EngineFailed, Stopped

TIMEOUT_S: Final = 60.0
"""For one answer."""
MAX_ATTEMPTS: Final = 6
FIRST_BACKOFF_S: Final = 1.0
MAX_BACKOFF_S: Final = 30.0
POLL_S: Final = 0.2


class ServiceUnavailable(Exception):  # noqa: N818 -- names what happened
    """The service cannot answer now: a limit, a failure of its own, no connection, no answer."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LLMClient(Protocol):
    """A service that completes texts."""

    def ask(self, instructions: str, question: str, schema: Mapping[str, Any]) -> str:
        """Return the answer, JSON by the schema if the service keeps to it; empty if it declined.

        Raises ServiceUnavailable when a retry may succeed and EngineFailed when it will not.
        """
        ...

    def close(self) -> None:
        """Give up what is under way."""
        ...


def ask_with_retries(ask: Callable[[], str], *, keep_going: Callable[[], bool]) -> str:
    """Ask until there is an answer: backoff with full jitter, `Retry-After` where one was given.

    Raises EngineFailed after MAX_ATTEMPTS, and Stopped.
    """
    for attempt in range(MAX_ATTEMPTS):
        try:
            return ask()
        except ServiceUnavailable as busy:
            if attempt == MAX_ATTEMPTS - 1:
                raise EngineFailed(f"the model's service does not answer: {busy}") from None
            most = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2**attempt)
            wanted = busy.retry_after_s
            pause = random.uniform(0, most) if wanted is None else min(wanted, MAX_BACKOFF_S)  # noqa: S311 -- no secret
            wait(pause, keep_going=keep_going)
    raise AssertionError


def wait(seconds: float, *, keep_going: Callable[[], bool]) -> None:
    """Sleep, looking up now and then; raises Stopped."""
    ends = time.monotonic() + seconds
    while True:
        if not keep_going():
            raise Stopped
        left = ends - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, POLL_S))


def retry_after_s(headers: Mapping[str, str] | None) -> float | None:
    """Read `Retry-After` in seconds; a date, or anything else, counts as none."""
    try:
        seconds = float((headers or {}).get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 3600 else None


def refused(status: int | None, service: str) -> EngineFailed:
    """Say why a service will never answer this; its own words may quote the key or the book."""
    reason = {
        400: "it does not understand the question: is the model one that answers by JSON schema?",
        401: "it does not accept the key",
        403: "the key may not use this model",
        404: "no such model, or no such service at this address",
    }.get(status or 0, f"it answered {status}")
    return EngineFailed(f"the service of the engine {service} refused: {reason}", certain=True)
