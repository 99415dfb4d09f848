"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass

from fnt.errors import ExitCode, FntError
from fnt.wire.documents import CheckStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a check, what was found, and how to fix it."""

    status: CheckStatus
    message: str
    hint: str | None = None
    exit_code: ExitCode = ExitCode.OK


def ok(message: str) -> Outcome:
    """Return the outcome that all is well."""
    return Outcome(status=CheckStatus.OK, message=message)


def warn(message: str, hint: str) -> Outcome:
    """Return the outcome that something works with limitations."""
    return Outcome(status=CheckStatus.WARN, message=message, hint=hint)


def fail(message: str, hint: str | None, *, exit_code: ExitCode) -> Outcome:
    """Return the outcome that something does not work."""
    return Outcome(status=CheckStatus.FAIL, message=message, hint=hint, exit_code=exit_code)


def skip(message: str) -> Outcome:
    """Return the outcome that a check does not apply."""
    return Outcome(status=CheckStatus.SKIP, message=message)


def failed(error: FntError, *, hint: str | None = None) -> Outcome:
    """Return the outcome from an error; `hint` overrides the error's own."""
    return fail(error.message, hint or error.hint, exit_code=error.exit_code)
