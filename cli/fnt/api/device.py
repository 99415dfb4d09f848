"""Client side of the device authorization grant (RFC 8628), validating what the server returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from fnt.config.settings import normalize_server
from fnt.errors import AuthError, FntError, ProtocolError, UsageError
from fnt.wire.device import DeviceError

LONGEST_S = 3600.0
AGAIN = "run again: fnt login"


class AuthorizationPending(Enum):
    """Reasons why a poll returned no tokens yet."""

    PENDING = auto()
    SLOW_DOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceGrant:
    """A device login waiting for the user's approval. Its repr shows no secret."""

    device_code: str = field(repr=False)
    user_code: str
    url: str
    """The page where the user enters the code; always on the server that was asked."""
    interval_s: float
    expires_in_s: float

    @classmethod
    def from_wire(cls, values: Mapping[str, Any], *, server: str) -> DeviceGrant:
        """Parse the response; raises ProtocolError if its page is not on `server`."""
        device_code, user_code = values.get("device_code"), values.get("user_code")
        if not (isinstance(device_code, str) and isinstance(user_code, str)):
            raise ProtocolError("invalid server response: no login codes")
        if not 0 < len(user_code) <= 40:
            raise ProtocolError("invalid server response: unusable login code")
        return cls(
            device_code=device_code,
            user_code=user_code,
            url=_own_url(values.get("verification_uri"), server=server),
            interval_s=min(max(_seconds(values.get("interval", 5)), 1.0), 60.0),
            expires_in_s=min(_seconds(values.get("expires_in")), LONGEST_S),
        )


def poll_error(values: Mapping[str, Any]) -> AuthorizationPending | FntError:
    """Return the meaning of a token endpoint's error response."""
    match values.get("error"):
        case DeviceError.AUTHORIZATION_PENDING:
            return AuthorizationPending.PENDING
        case DeviceError.SLOW_DOWN:
            return AuthorizationPending.SLOW_DOWN
        case DeviceError.ACCESS_DENIED:
            return AuthError("the login was denied", code="ACCESS_DENIED")
        case DeviceError.EXPIRED_TOKEN | DeviceError.INVALID_GRANT as error:
            message = "the code is no longer valid"
            return AuthError(message, hint=AGAIN, code=str(error).upper())
    return ProtocolError("the server does not support this login method")


def _own_url(uri: object, *, server: str) -> str:
    text = uri if isinstance(uri, str) else ""
    rest = text.partition("://")[2]
    origin = text[: len(text) - len(rest)] + rest.partition("/")[0]
    try:
        is_own = normalize_server(origin, insecure_http=True) == server
    except UsageError:
        is_own = False
    if not is_own or not text.isascii() or any(sign <= " " or sign == "\\" for sign in text):
        raise ProtocolError(
            f"the server sends you elsewhere to log in: {text[:200]!r}; do not go there",
            hint="if it is yours, behind a proxy: see FNT_PROXIES. Or: fnt login --email ADDR",
        )
    return text


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        raise ProtocolError("invalid server response: no code lifetime")
    return float(value)
