"""How long tokens and logins are valid; of personal tokens, see `MAX_TOKEN_DAYS`."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number

LOGIN_TTL_S = 90 * 86400
"""How long after entering the password one must log in again, even if tokens are refreshed."""
REFRESH_TTL_S = 30 * 86400
PAGE_TTL_S = 600
"""Lifetime of a device page token."""
DEVICE_CODE_TTL_S = 600
REPLAY_WINDOW_S = 10
"""How long a used refresh token returns the same successor, in case a response was lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLifetimes:
    """The lifetimes that can be set."""

    access_ttl_s: int = number("FNT_ACCESS_TTL_S", 900, 1, 86400)
