"""Hashes of passwords and personal tokens, and normalized email addresses."""

from __future__ import annotations

import hashlib
import re
import secrets
from functools import cache

import argon2

from fnt_server.concurrency import in_native_thread

MIN_PASSWORD_CHARS = 8
TOKEN_PREFIX = "fnt_"  # noqa: S105 -- what a personal token begins with

_PART = r"[^@\s\x00-\x1f\x7f\ud800-\udfff]"
EMAIL = re.compile(f"{_PART}{{1,64}}@{_PART}{{1,189}}")
_hasher = argon2.PasswordHasher()


def hash_password(password: str) -> str:
    """Return the hash of a password, for storage."""
    return in_native_thread(_hasher.hash, password)


def is_password(password_hash: str, password: str) -> bool:
    """Return whether the password matches the hash."""
    try:
        return in_native_thread(_hasher.verify, password_hash, password)
    except (argon2.exceptions.VerificationError, UnicodeEncodeError):
        return False


@cache
def dummy_hash() -> str:
    """Return a hash that no password matches, so that unknown addresses take equally long."""
    return _hasher.hash(secrets.token_hex(16))


def normalized_email(email: str) -> str:
    """Return an address in the form it is stored in."""
    return email.strip().casefold()


def token_hash(token: str) -> str:
    """Return the hash of a personal token, for storage."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
