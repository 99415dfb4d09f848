"""The interface of a language model service, with retries and its errors."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from fnt_server.engines.request_gate import RequestGate
from fnt_server.pipeline.engine_protocol import EngineFailed

TIMEOUT_S: Final = 60.0
"""For one response."""
MAX_ATTEMPTS: Final = 6
FIRST_BACKOFF_S: Final = 1.0
MAX_BACKOFF_S: Final = 30.0
REDIRECTS: Final = (301, 302, 303, 307, 308)
MAX_RETRY_AFTER_S: Final = 120.0
"""A service that wants to be left alone for longer is asked earlier."""


class ServiceUnavailable(Exception):  # noqa: N818 -- names what happened
    """The service is unavailable for now: rate limit, server error, no connection, timeout."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class LLMClient(Protocol):
    """A service that completes texts."""

    def ask(self, instructions: str, question: str, schema: Mapping[str, Any]) -> str:
        """Return the response: JSON by the schema if the service complies, empty if it declined.

        Raises ServiceUnavailable when a retry may succeed and EngineFailed when it will not.
        """
        ...

    def close(self) -> None:
        """Abort requests in progress."""
        ...


def ask_with_retries(ask: Callable[[], str], *, gate: RequestGate) -> str:
    """Ask until there is a response: backoff with full jitter, or `Retry-After` if given.

    Raises EngineFailed after MAX_ATTEMPTS, and Stopped when the gate is closed meanwhile.
    """
    for attempt in range(MAX_ATTEMPTS):
        try:
            with gate.turn():
                answer = ask()
        except ServiceUnavailable as busy:
            if attempt == MAX_ATTEMPTS - 1:
                raise EngineFailed(f"the model service is unavailable: {busy}") from None
            gate.slow_down(for_s=min(busy.retry_after_s or 0, MAX_RETRY_AFTER_S))
            if not busy.retry_after_s:  # a 0 would use up all attempts in no time
                most = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2**attempt)
                gate.pause(random.uniform(0, most))  # noqa: S311 -- no secret
        else:
            gate.speed_up()
            return answer
    raise AssertionError


def retry_after_s(headers: Mapping[str, str] | None) -> float | None:
    """Parse `Retry-After` in seconds; None for a date or anything else."""
    try:
        seconds = float((headers or {}).get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 3600 else None


def refused(status: int | None, service: str) -> EngineFailed:
    """Return a permanent error, without the service's message: it may quote key or book."""
    reason = {
        400: "bad request: does the model support JSON schema output?",
        401: "the API key was not accepted",
        403: "the API key has no access to this model",
        404: "model or endpoint not found",
        **dict.fromkeys(REDIRECTS, "it redirects elsewhere: correct its address"),
    }.get(status or 0, f"HTTP {status}")
    return EngineFailed(f"the {service} service rejected the request: {reason}", certain=True)
