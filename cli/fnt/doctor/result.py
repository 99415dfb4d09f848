"""What one check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fnt.errors import ExitCode, FntError


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"  # it works, with less
    FAIL = "fail"
    SKIP = "skip"  # there was nothing to look at, or no way to


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a check ended, what was seen, and what to do about it."""

    status: Status
    message: str
    hint: str | None = None
    exit_code: ExitCode = ExitCode.OK


def ok(message: str) -> Verdict:
    """Say that all is well."""
    return Verdict(status=Status.OK, message=message)


def warn(message: str, hint: str) -> Verdict:
    """Say that it works, with less."""
    return Verdict(status=Status.WARN, message=message, hint=hint)


def fail(message: str, hint: str | None, *, exit_code: ExitCode) -> Verdict:
    """Say that it does not work."""
    return Verdict(status=Status.FAIL, message=message, hint=hint, exit_code=exit_code)


def skip(message: str) -> Verdict:
    """Say that there was nothing to look at."""
    return Verdict(status=Status.SKIP, message=message)


def failed(error: FntError, *, hint: str | None = None) -> Verdict:
    """Say what an error says, with a hint of one's own where there is one."""
    return fail(error.message, hint or error.hint, exit_code=error.exit_code)
