"""Rate limits of logins: by network and by account, across all login endpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import parse

from fnt_server.auth import audit
from fnt_server.web.api.errors import too_many_requests
from fnt_server.web.client_address import client_network
from fnt_server.web.fair_dispatch import end_turn
from fnt_server.web.services import services

T = TypeVar("T")

LOGINS = "60 per minute"
REFRESHES = "120 per minute"
WRONG_PASSWORDS = "10 per minute"
"""By network, and by account."""
KNOWN_NETWORK_DAYS = 30
NEW_TOKENS = "30 per minute"
DEVICE_CODES = "30 per minute"
DEVICE_POLLS = "300 per minute"
DEVICE_FORMS = "60 per minute"
WRONG_DEVICE_CODES = "20 per 10 minutes"
"""More than one account is allowed: users behind one address do not lock each other out."""


def remote_network() -> str:
    """Return where a request comes from: an IPv4 address or an IPv6 /64."""
    return client_network(get_remote_address())


# Counted in this process: limits must work even if the broker is down.
limiter = Limiter(remote_network, storage_uri="memory://")


_counting = threading.Lock()
"""The storage alone loses counts when threads begin a key's window together."""


def limited_login(email: str, check: Callable[[], T | None]) -> T | None:
    """Check a password within the limits of wrong ones; raises ApiError (429).

    Counted before the check, so that guesses sent together are not all looked at, and given back
    if the check did not find the password wrong (None). Where somebody has logged in to an account
    before, guesses at it are counted apart: those from elsewhere, or at other accounts, do not
    lock them out.
    """
    network, account = remote_network(), email_limit_key(email)
    storage, limit = limiter.storage, parse(WRONG_PASSWORDS)
    keys = [limit.key_for("wrong from", network), limit.key_for("wrong for", account)]
    if _has_logged_in(account, network):
        keys = [limit.key_for("wrong for", account, network)]
    with _counting:
        full = [key for key in keys if storage.get(key) >= limit.amount]
        if full:
            ends_at = max(storage.get_expiry(key) for key in full)
            raise too_many_requests(ends_at - time.time())
        for key in keys:
            storage.incr(key, limit.get_expiry())
    is_wrong = False
    end_turn()  # it waits for those of others
    try:
        found = check()
        is_wrong = found is None
        return found
    finally:
        if not is_wrong:
            with _counting:
                for key in keys:
                    if storage.get(key) > 0:  # its window may have ended meanwhile
                        storage.incr(key, limit.get_expiry(), amount=-1)


def _has_logged_in(account: str, network: str) -> bool:
    """Return whether somebody logged in to an account from a network, by any process."""
    days = KNOWN_NETWORK_DAYS
    addresses = audit.login_addresses(services().database, email=account, days=days)
    return network in map(client_network, addresses)


def email_limit_key(value: object) -> str:
    """Return the key under which an address's failures are counted."""
    return str(value)[:254].strip().casefold()
