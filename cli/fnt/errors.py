"""What can go wrong, each with its exit code.

FntError                 1
├── UsageError           2   configuration, a target that exists, a bad option value
├── NotFoundError        3   no such job, file or profile
├── AuthError            4   not logged in, or the login ended
├── TemporaryError       5   unreachable, 5xx, rate limit: the same line is safe to run again
├── PartialError         6   some jobs failed, others are fine
├── AllFailedError       7   every job failed or was cancelled
├── DeadlineError        8   --timeout reached, jobs still running
├── RefusedInputError   10   every input was refused, here or by the server
├── QuotaError          11   quota or plan limit
├── ProtocolError       12   the server's answer makes no sense
└── RejectedError        1   the server refused a request in a way no command expects
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
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


class FntError(Exception):
    """An error told to the user in one line, with a hint that says what to do next."""

    exit_code = ExitCode.BUG

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
        """The server's `error_code`, where the error came from it."""
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    @property
    def retryable(self) -> bool:
        """Whether the same command is safe and sensible to run again."""
        return self.exit_code is ExitCode.TEMPORARY


class UsageError(FntError):
    """Wrong arguments or configuration."""

    exit_code = ExitCode.USAGE


class NotFoundError(FntError):
    """No such job, file or profile."""

    exit_code = ExitCode.NOT_FOUND


class AuthError(FntError):
    """Not logged in, or the login ended."""

    exit_code = ExitCode.AUTH


class TemporaryError(FntError):
    """Unreachable, overloaded or rate limited."""

    exit_code = ExitCode.TEMPORARY


class PartialError(FntError):
    """Some jobs failed, were refused or cancelled; others are fine."""

    exit_code = ExitCode.PARTIAL


class AllFailedError(FntError):
    """Every job failed or was cancelled."""

    exit_code = ExitCode.ALL_FAILED


class DeadlineError(FntError):
    """The time given ran out while jobs were still running."""

    exit_code = ExitCode.DEADLINE


class RefusedInputError(FntError):
    """Every input was refused, here or by the server."""

    exit_code = ExitCode.REFUSED


class QuotaError(FntError):
    """A quota or a plan's limit is used up."""

    exit_code = ExitCode.QUOTA


class RejectedError(FntError):
    """The server refused the request (409, 413, 415 or another 4xx)."""


class ProtocolError(FntError):
    """The server's answer makes no sense: its shape, size or order breaks the contract."""

    exit_code = ExitCode.PROTOCOL


class TargetExistsError(UsageError):
    """There is such a file already."""
