"""What the server answers, success and error."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, UnsetType, field

from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.structs import Meta, WireStruct
from fnt.wire.times import Time


class User(WireStruct, frozen=True, kw_only=True):
    """Who a token speaks for."""

    described: ClassVar[str] = "a user"

    id: int = 0
    email: str
    name: str = ""
    used_bytes: int | UnsetType = UNSET
    """Bytes of the user's files and results; only where asked who one is."""
    quota_bytes: int | UnsetType | None = UNSET
    """Bytes they may have; null: any number."""


class TokenPair(WireStruct, frozen=True, kw_only=True):
    """A login. The access token lives `expires_in` seconds."""

    described: ClassVar[str] = "a login"

    access_token: str
    refresh_token: str
    expires_in: int
    user: User | None = None
    token_type: str | UnsetType = UNSET
    """`Bearer`, for devices (RFC 8628)."""


class PersonalToken(WireStruct, frozen=True, kw_only=True):
    """A personal token, without the token itself."""

    described: ClassVar[str] = "a token"

    id: str
    name: str | None
    """Null for a token without one, as older servers made them."""
    created_at: Time
    expires_at: Time
    last_used_at: Time | None
    """To the minute; null: never."""


class NewPersonalToken(PersonalToken, frozen=True, kw_only=True):
    """A personal token that was just created, the only time that it is shown."""

    token: str


class PersonalTokenList(WireStruct, frozen=True, kw_only=True):
    """The personal tokens of a user, oldest first."""

    described: ClassVar[str] = "a list of tokens"

    tokens: list[PersonalToken]


class DeviceCodes(WireStruct, frozen=True, kw_only=True):
    """A device login that waits for its user (RFC 8628). Times are seconds."""

    described: ClassVar[str] = "login codes"

    device_code: str
    user_code: Annotated[
        str, Meta(min_length=1, max_length=40, extra={"bounds": "must be 1 to 40 characters"})
    ]
    verification_uri: str
    expires_in: Annotated[int, Meta(gt=0, extra={"says": "must be a number of seconds"})]
    interval: Annotated[float, Meta(gt=0, extra={"says": "must be a number of seconds"})] = 5


class Done(WireStruct, frozen=True, kw_only=True):
    """It is done; there is nothing to tell."""

    ok: bool = True


class HealthChecks(WireStruct, frozen=True, kw_only=True):
    """The parts of the server, for who is logged in."""

    database: str
    broker: str
    workers: int
    """How many there are."""
    events: str | UnsetType = UNSET
    """Whether the answering process hears the events of the others; older servers tell nothing."""
    storage: str | UnsetType = UNSET
    reaper: str | UnsetType = UNSET
    """Whether the repeated repair of lost leases and wakeups succeeds."""
    database_connections: int | UnsetType = UNSET
    """Open connections of the PostgreSQL server."""
    max_database_connections: int | UnsetType = UNSET


class Health(WireStruct, frozen=True, kw_only=True):
    """Whether the server can do its work: `ok` or `degraded`."""

    described: ClassVar[str] = "a health report"

    status: str
    service: str
    capabilities: list[str] = field(default_factory=list)
    version: str | UnsetType = UNSET
    checks: HealthChecks | UnsetType = UNSET


class JobAnswer(WireStruct, frozen=True, kw_only=True):
    """A job that was made or has got its file."""

    described: ClassVar[str] = "a job"

    job_id: int
    status: JobStatus
    job: JobSnapshot


class ExpiringJobs(WireStruct, frozen=True, kw_only=True):
    """Jobs that will soon be deleted, on any page."""

    count: int
    first_at: Time
    """When the first of them is."""


class JobPage(WireStruct, frozen=True, kw_only=True):
    """Jobs, newest first; `next_cursor` is null on the last page."""

    described: ClassVar[str] = "a list of jobs"

    jobs: list[JobSnapshot]
    next_cursor: str | None
    expiring: ExpiringJobs | UnsetType = UNSET
    """Only on the first page, and only if there are any."""


class Chunk(WireStruct, frozen=True, kw_only=True):
    """How a part of a job stands."""

    chunk_id: int
    start_page: int | None
    end_page: int | None
    status: JobStatus
    attempts: int
    by_rules: dict[str, int] | None = None
    """What the rules cut in place of another engine, and why."""
    last_error: str | None
    last_error_code: str | None


class ChunkList(WireStruct, frozen=True, kw_only=True):
    """The parts of a job in their order."""

    described: ClassVar[str] = "a list of chunks"

    chunks: list[Chunk]


class ErrorAnswer(WireStruct, frozen=True, kw_only=True):
    """Why a request was refused. Codes are stable; sentences are not."""

    error: str
    error_code: str
    details: dict[str, Any] | UnsetType = UNSET
    request_id: str | UnsetType = UNSET


class DeviceErrorAnswer(WireStruct, frozen=True, kw_only=True):
    """Why a device gets no tokens, or not yet (RFC 8628)."""

    described: ClassVar[str] = "a login error"

    error: str
    error_description: str | UnsetType = UNSET


def error_body(
    code: str, message: str, *, request_id: str | None = None, details: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the JSON body of a refused request."""
    return ErrorAnswer(
        error=message,
        error_code=str(code),
        details=UNSET if details is None else details,
        request_id=UNSET if request_id is None else request_id,
    ).to_wire()
