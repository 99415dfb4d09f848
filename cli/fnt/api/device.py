"""Client side of the device authorization grant (RFC 8628), validating what the server returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from fnt.config.settings import normalize_server, origin_of
from fnt.errors import AuthError, FntError, ProtocolError, UsageError
from fnt.wire.device import DeviceError
from fnt.wire.responses import DeviceCodes, DeviceErrorAnswer

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
    def of(cls, codes: DeviceCodes, *, server: str) -> DeviceGrant:
        """Check the server's response; raises ProtocolError if its page is not on `server`."""
        return cls(
            device_code=codes.device_code,
            user_code=codes.user_code,
            url=_own_url(codes.verification_uri, server=server),
            interval_s=min(max(float(codes.interval), 1.0), 60.0),
            expires_in_s=min(float(codes.expires_in), LONGEST_S),
        )


def poll_error(answer: DeviceErrorAnswer) -> AuthorizationPending | FntError:
    """Return the meaning of a token endpoint's error response."""
    match answer.error:
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


def _own_url(text: str, *, server: str) -> str:
    rest = text.partition("://")[2]
    origin = text[: len(text) - len(rest)] + rest.partition("/")[0]
    try:
        own = origin_of(server)
        is_own = normalize_server(origin, insecure_http=True) == own
        is_own &= text[len(origin) :].startswith(server[len(own) :] + "/")
    except UsageError:
        is_own = False
    if not is_own or not text.isascii() or any(sign <= " " or sign == "\\" for sign in text):
        raise ProtocolError(
            f"the server's login page is on another site: {text[:200]!r}; do not open it",
            hint="if it is yours, behind a proxy: see FNT_PROXIES. Or: fnt login --email ADDR",
        )
    return text
