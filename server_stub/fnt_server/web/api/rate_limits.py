"""Rate limits of logins: by address and by account, across all login endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

LOGINS = "60 per minute"
REFRESHES = "120 per minute"
WRONG_PASSWORDS = "10 per minute"
"""By address, and by account."""
DEVICE_CODES = "30 per minute"
DEVICE_POLLS = "300 per minute"
DEVICE_FORMS = "60 per minute"
WRONG_DEVICE_CODES = "20 per 10 minutes"
"""More than one account is allowed: users behind one address do not lock each other out."""

# Counted in this process: limits must work even if the broker is down.
limiter = Limiter(get_remote_address, storage_uri="memory://")


def _failed(response: Any) -> bool:
    return bool(response.status_code == 401)


def limit_wrong_passwords(
    email_asked: Callable[[], str], *, unless: Callable[[], bool] = lambda: False
) -> Callable[[Any], Any]:
    """Limit failed logins (401) of a view; all such views share their counters."""
    by_address, by_email = (
        limiter.shared_limit(
            WRONG_PASSWORDS, scope=scope, key_func=key, deduct_when=_failed, exempt_when=unless
        )
        for scope, key in (("wrong from", get_remote_address), ("wrong for", email_asked))
    )
    return lambda view: by_address(by_email(view))


def email_limit_key(value: object) -> str:
    """Return the key under which an address's failures are counted."""
    return str(value)[:254].strip().casefold()
