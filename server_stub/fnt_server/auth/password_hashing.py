"""Hashes of passwords and personal tokens, and normalized email addresses."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import argon2

from fnt_server.concurrency import in_native_thread

TOKEN_PREFIX = "fnt_"  # noqa: S105 -- what a personal token begins with

_PART = r"[^@\s\x00-\x1f\x7f\ud800-\udfff]"
EMAIL = re.compile(f"{_PART}{{1,64}}@{_PART}{{1,189}}")
T = TypeVar("T")

HASHES_AT_ONCE = 2
"""Each takes 64 MiB."""
WAIT_FOR_HASHING_S = 5.0
MAX_WAITING = 48
"""As many as get their turn in that time; more would take the places of other requests."""

_hasher = argon2.PasswordHasher()
_slots = threading.BoundedSemaphore(HASHES_AT_ONCE)
_places = threading.BoundedSemaphore(HASHES_AT_ONCE + MAX_WAITING)


class HashingBusy(Exception):  # noqa: N818 -- an everyday outcome, not a failure
    """Too many passwords are being checked; try again later."""


def _hashing(function: Callable[..., T], *args: Any) -> T:
    if not _places.acquire(blocking=False):
        raise HashingBusy
    try:
        if not _slots.acquire(timeout=WAIT_FOR_HASHING_S):
            raise HashingBusy
        try:
            return in_native_thread(function, *args)
        finally:
            _slots.release()
    finally:
        _places.release()


def hash_password(password: str) -> str:
    """Return the hash of a password, for storage; raises HashingBusy."""
    return _hashing(_hasher.hash, password)


def is_password(password_hash: str, password: str) -> bool:
    """Return whether the password matches the hash; raises HashingBusy."""
    try:
        return _hashing(_hasher.verify, password_hash, password)
    except (argon2.exceptions.VerificationError, UnicodeEncodeError):
        return False


@cache
def dummy_hash() -> str:
    """Return a hash that no password matches, so that unknown addresses take equally long."""
    return _hashing(_hasher.hash, secrets.token_hex(16))


def normalized_email(email: str) -> str:
    """Return an address in the form it is stored in."""
    return email.strip().casefold()


def token_hash(token: str) -> str:
    """Return the hash of a personal token, for storage."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
