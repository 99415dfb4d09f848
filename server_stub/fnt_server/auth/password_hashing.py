"""What somebody shows at the door, as it is compared and kept: address, password, token."""

from __future__ import annotations

import hashlib
import re
import secrets
from functools import cache

import argon2

from fnt_server.concurrency import natively

TOKEN_PREFIX = "fnt_"  # noqa: S105 -- what a personal token begins with

_PART = r"[^@\s\x00-\x1f\x7f\ud800-\udfff]"
EMAIL = re.compile(f"{_PART}{{1,64}}@{_PART}{{1,189}}")
_hasher = argon2.PasswordHasher()


def hash_password(password: str) -> str:
    """Return what is kept of a password."""
    return natively(_hasher.hash, password)


def is_password(password_hash: str, password: str) -> bool:
    """Whether this is the password that was hashed."""
    try:
        return natively(_hasher.verify, password_hash, password)
    except (argon2.exceptions.VerificationError, UnicodeEncodeError):
        return False


@cache
def nobodys_hash() -> str:
    """Return a hash no password fits: an unknown address must take as long as a known one."""
    return _hasher.hash(secrets.token_hex(16))


def folded(email: str) -> str:
    """Return an address as it is kept and looked for."""
    return email.strip().casefold()


def token_hash(token: str) -> str:
    """Return what is kept of a personal token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
