"""What travels with Socket.IO events: requests, acknowledgements, errors."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, UnsetType

from fnt.wire.jobs import JobSnapshot
from fnt.wire.requests import MAX_ID
from fnt.wire.structs import Meta, WireStruct


class JobRequest(WireStruct, frozen=True, kw_only=True):
    """The payload of `join_job`, `leave_job` and `cancel_job`."""

    job_id: Annotated[int, Meta(ge=1, le=MAX_ID, extra={"says": "must be a positive integer"})]
    token: Any = None
    """`join_job` only: a later token of the same user, which extends the connection."""


class JobAck(WireStruct, frozen=True, kw_only=True):
    """The acknowledgement of a request that worked; `leave_job` has no job to tell."""

    ok: bool = True
    job: JobSnapshot | UnsetType = UNSET


class ErrorAck(WireStruct, frozen=True, kw_only=True):
    """The acknowledgement of a request that was refused."""

    ok: bool = False
    error_code: str = ""
    error: str = ""


class RefusalDetails(WireStruct, frozen=True, kw_only=True):
    """Why a connection was refused, and seconds after which to try again."""

    error: str = ""
    retry_in: float | UnsetType = UNSET


class RefusedConnection(WireStruct, frozen=True, kw_only=True):
    """The payload of `connect_error`, in the form Socket.IO gives it."""

    message: str = ""
    """The error code."""
    data: RefusalDetails = RefusalDetails()


class ErrorEvent(WireStruct, frozen=True, kw_only=True):
    """The payload of `error`, sent beside every refusal."""

    message: str
    error_code: str
    job_id: int | UnsetType = UNSET


class Draining(WireStruct, frozen=True, kw_only=True):
    """The payload of `server_draining`."""

    retry_in: float
    """Seconds after which to connect again."""
