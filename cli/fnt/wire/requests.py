"""What requests carry: JSON bodies, form fields and query arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self, get_origin, get_type_hints

from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import MAX_FILENAME_CHARS, ProcessingSettings
from fnt.wire.results import Format
from fnt.wire.structs import Meta, WireStruct

MIN_PASSWORD_CHARS = 10
"""Of a new password."""
MAX_PASSWORD_CHARS = 1024
PASSWORD_RULE = f"at least {MIN_PASSWORD_CHARS} characters, and not a common or easily guessed one"
MAX_IDS = 200
MAX_ID = 2**63 - 1
END = r"$(?!\n)"
"""`$` alone lets a line break follow; this reads the same in Python and in ECMAScript."""

Sha256 = Annotated[
    str,
    Meta(
        pattern=f"^[0-9a-f]{{64}}{END}",
        extra={"says": "must be 64 hexadecimal digits in lower case"},
    ),
]
Size = Annotated[int, Meta(ge=0, extra={"says": "must be an integer, not negative"})]


def _text(max_chars: int) -> Meta:
    return Meta(
        min_length=1,
        max_length=max_chars,
        extra={"says": f"must be a string of 1 to {max_chars} characters"},
    )


Filename = Annotated[str, _text(MAX_FILENAME_CHARS)]
Email = Annotated[str, _text(254)]
Password = Annotated[str, _text(MAX_PASSWORD_CHARS)]
ClientId = Annotated[
    str,
    Meta(pattern=f"^[!-~]{{1,60}}{END}", extra={"says": "must be 1 to 60 printable characters"}),
]

MAX_TOKEN_DAYS = 3650
"""Lifetime of a personal token."""


class LoginRequest(WireStruct, frozen=True, kw_only=True):
    """Email and password."""

    email: Email
    password: Password


class PasswordRequest(LoginRequest, frozen=True, kw_only=True):
    """Email, password and the password that takes its place."""

    new_password: Password


class LogoutRequest(WireStruct, frozen=True, kw_only=True):
    """Which logins to end."""

    all: bool = False
    """Every login and personal token of the user, not only this login."""


class PersonalTokenRequest(WireStruct, frozen=True, kw_only=True):
    """A personal token to be created."""

    name: Annotated[str, _text(60)]
    days: Annotated[
        int, Meta(ge=1, le=MAX_TOKEN_DAYS, extra={"says": f"must be 1 to {MAX_TOKEN_DAYS}"})
    ] = 90
    """Until it expires."""


class ConfirmRequest(WireStruct, frozen=True, kw_only=True):
    """A job to be made."""

    original_filename: Filename
    processing_settings: ProcessingSettings | None = None
    file_size: Size | None = None
    """Bytes."""
    page_count: Size | None = None
    sha256: Sha256 | None = None

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Read a request, refusing unknown settings by name; raises WireError."""
        if isinstance(payload, Mapping) and payload.get("processing_settings") is not None:
            ProcessingSettings.from_wire(payload["processing_settings"])
        return super().from_wire(payload)


class DeviceCodeRequest(WireStruct, frozen=True, kw_only=True):
    """A device that wants to log in (RFC 8628)."""

    client_id: ClientId
    host: str = ""
    """The name of the device, shown to whoever types the code."""


class DeviceTokenRequest(WireStruct, frozen=True, kw_only=True):
    """A device polling for approval (RFC 8628)."""

    client_id: ClientId
    grant_type: Annotated[str, Meta(extra={"says": "is missing"})]
    device_code: str = ""


class Query(WireStruct, frozen=True, kw_only=True):
    """Arguments after the `?` of an address; lists are separated by commas."""

    @classmethod
    def from_query(cls, arguments: Mapping[str, str]) -> Self:
        """Read arguments, passing over unknown ones; raises WireError."""
        hints = get_type_hints(cls)
        return cls.from_wire(
            {
                name: [_number(item) for item in text.split(",")]
                if list in {get_origin(kind) for kind in (hints[name], *_options(hints[name]))}
                else _number(text)
                for name, text in arguments.items()
                if name in hints
            }
        )


class JobsQuery(Query, frozen=True, kw_only=True):
    """Which jobs to list."""

    status: Annotated[
        list[JobStatus] | None, Meta(extra={"says": f"must be one of: {', '.join(JobStatus)}"})
    ] = None
    sha256: Sha256 | None = None
    ids: (
        Annotated[
            list[Annotated[int, Meta(ge=0, lt=10**18)]],
            Meta(
                min_length=1,
                max_length=MAX_IDS,
                extra={"says": f"must be at most {MAX_IDS} comma-separated job ids"},
            ),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=MAX_IDS, extra={"says": f"must be 1 to {MAX_IDS}"})] = 50
    cursor: (
        Annotated[int, Meta(ge=1, le=MAX_ID, extra={"says": f"must be 1 to {MAX_ID}"})] | None
    ) = None
    """Where the page before ended: its `next_cursor`."""

    @classmethod
    def from_query(cls, arguments: Mapping[str, str]) -> Self:
        """Read arguments, passing over unknown ones and empty statuses; raises WireError."""
        statuses = ",".join(filter(None, arguments.get("status", "").split(",")))
        others = {name: text for name, text in arguments.items() if name != "status"}
        return super().from_query(others | ({"status": statuses} if statuses else {}))


class ResultQuery(Query, frozen=True, kw_only=True):
    """How to get a result."""

    format: Format = "json"


def _options(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", ())


def _number(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) else text
