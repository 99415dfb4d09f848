"""Exceptions and their exit codes.

FntError                 1   a bug of ours
├── UsageError           2   configuration, existing target, invalid option value
│   └── SetupError       2   every request fails: untrusted certificate, wrong host name
├── NotFoundError        3   no such job, file, or profile
├── AuthError            4   not logged in, or the login expired
├── TemporaryError       5   unreachable, 5xx, rate limit: safe to retry
├── PartialError         6   some jobs failed, others completed
├── AllFailedError       7   every job failed or was cancelled
├── DeadlineError        8   --timeout reached, jobs still running
├── RefusedInputError   10   every input was refused, here or by the server
├── QuotaError          11   quota or plan limit
├── ProtocolError       12   response that violates the API contract
└── RejectedError       12   request rejected for a reason no command expects
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    BUG = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    TEMPORARY = 5
    PARTIAL = 6
    ALL_FAILED = 7
    DEADLINE = 8
    REFUSED = 10
    QUOTA = 11
    PROTOCOL = 12
    HUNG_UP = 129
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


BY_SIGNAL = frozenset({ExitCode.HUNG_UP, ExitCode.INTERRUPTED, ExitCode.TERMINATED})


class FntError(Exception):
    """Base class of errors: a one-line message, and a hint about what to do next."""

    exit_code = ExitCode.BUG
    is_told = False
    """Whether message and hint say only what was printed already."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        """The server's `error_code`, if the error came from the server."""
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @property
    def retryable(self) -> bool:
        """Whether running the same command again is safe and may succeed."""
        return self.exit_code is ExitCode.TEMPORARY


class UsageError(FntError):
    """Invalid arguments or configuration."""

    exit_code = ExitCode.USAGE


class SetupError(UsageError):
    """Something that makes every request to a server fail, whatever it asks for."""


class NotFoundError(FntError):
    """No such job, file, or profile."""

    exit_code = ExitCode.NOT_FOUND


class AuthError(FntError):
    """Not logged in, or the login expired."""

    exit_code = ExitCode.AUTH


class TemporaryError(FntError):
    """Unreachable, overloaded, or rate limited."""

    exit_code = ExitCode.TEMPORARY


class PartialError(FntError):
    """Some jobs failed, were refused, or were cancelled; others completed."""

    exit_code = ExitCode.PARTIAL


class AllFailedError(FntError):
    """Every job failed or was cancelled."""

    exit_code = ExitCode.ALL_FAILED


class DeadlineError(FntError):
    """The time limit was reached while jobs were still running."""

    exit_code = ExitCode.DEADLINE


class RefusedInputError(FntError):
    """Every input was refused, here or by the server."""

    exit_code = ExitCode.REFUSED


class QuotaError(FntError):
    """A quota or plan limit is exhausted."""

    exit_code = ExitCode.QUOTA


class RejectedError(FntError):
    """The server, or a proxy, rejected the request (403, 409, 413, 415, or another 4xx)."""

    exit_code = ExitCode.PROTOCOL


class ProtocolError(FntError):
    """The server's response violates the API contract: its shape, size or order."""

    exit_code = ExitCode.PROTOCOL


class TargetExistsError(UsageError):
    """The target file already exists."""
