"""Logging in where no password can be typed (RFC 8628): names, and what a code looks like."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

CLIENT_ID = "fnt"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
CAPABILITY = "device_login"

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no word comes out, and nothing that looks like something else."""
CODE_LETTERS = 8


class DeviceError(StrEnum):
    """Why there are no tokens, or not yet."""

    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 -- a code, not a secret
    ACCESS_DENIED = "access_denied"
    INVALID_REQUEST = "invalid_request"
    INVALID_GRANT = "invalid_grant"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


def shown_code(letters: str) -> str:
    """Return a user code as people read it: XXXX-XXXX."""
    half = len(letters) // 2
    return f"{letters[:half]}-{letters[half:]}"


def read_code(typed: str) -> str | None:
    """Return the letters of a user code as typed; None if it is not a valid code."""
    letters = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", typed[:100])).upper()
    return letters if re.fullmatch(f"[{ALPHABET}]{{{CODE_LETTERS}}}", letters) else None
