"""Rate limits of logins: by address and by account, across all login endpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse

from fnt_server.web.api.errors import too_many_requests

T = TypeVar("T")

LOGINS = "60 per minute"
REFRESHES = "120 per minute"
WRONG_PASSWORDS = "10 per minute"
"""By address, and by account."""
KNOWN_ADDRESS_S = 30 * 86400
DEVICE_CODES = "30 per minute"
DEVICE_POLLS = "300 per minute"
DEVICE_FORMS = "60 per minute"
WRONG_DEVICE_CODES = "20 per 10 minutes"
"""More than one account is allowed: users behind one address do not lock each other out."""

# Counted in this process: limits must work even if the broker is down.
limiter = Limiter(get_remote_address, storage_uri="memory://")


_counting = threading.Lock()
"""The storage alone loses counts when threads begin a key's window together."""


def limited_login(email: str, check: Callable[[], T | None]) -> T | None:
    """Check a password within the limits of wrong ones; raises ApiError (429).

    Counted before the check, so that guesses sent together are not all looked at, and given back
    if the check did not find the password wrong (None). Whoever logged in to an account from an
    address is counted apart there: guesses from elsewhere do not lock them out.
    """
    address, account = get_remote_address(), email_limit_key(email)
    storage, limit = limiter.storage, parse(WRONG_PASSWORDS)
    known = f"known {account} from {address}"
    with _counting:
        is_known = storage.get(known) > 0
        keys = [
            limit.key_for("wrong from", address),
            limit.key_for("wrong for", account, address if is_known else ""),
        ]
        full = [key for key in keys if storage.get(key) >= limit.amount]
        if full:
            ends_at = max(storage.get_expiry(key) for key in full)
            raise too_many_requests(ends_at - time.time())
        for key in keys:
            storage.incr(key, limit.get_expiry())
    is_wrong = False
    try:
        found = check()
        is_wrong = found is None
    finally:
        if not is_wrong:
            with _counting:
                for key in keys:
                    if storage.get(key) > 0:  # its window may have ended meanwhile
                        storage.incr(key, limit.get_expiry(), amount=-1)
    if found is not None:
        with _counting:
            storage.incr(known, KNOWN_ADDRESS_S)
    return found


def email_limit_key(value: object) -> str:
    """Return the key under which an address's failures are counted."""
    return str(value)[:254].strip().casefold()
