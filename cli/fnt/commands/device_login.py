"""Login in a browser, on this or another machine: shows a code and polls for approval."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import TYPE_CHECKING

from fnt.config.credentials import Tokens
from fnt.connection import Connection
from fnt.context import AppContext
from fnt.errors import AuthError, TemporaryError
from fnt.output.countdown import countdown

if TYPE_CHECKING:
    from fnt.api.client import ApiClient
    from fnt.api.device import DeviceGrant

SLOWER_BY_S = 5.0
LONGEST_PAUSE_S = 60.0


def log_in_by_browser(context: AppContext, server: Connection) -> Tokens:
    """Log in on the server's page; raises NotFoundError if the server has none."""
    grant = server.anonymous.ask_device_login(host=platform.node())
    tell = context.terminal.say_error  # required for logging in, so shown even with --quiet
    tell(f"Open        {grant.url}")
    tell(f"Enter code  {grant.user_code}")
    if context.terminal.can_ask and context.has_browser(context.environ):
        context.open_browser(grant.url)
    with countdown(
        context.terminal, "waiting for approval, code expires in", animated=context.options.progress
    ) as show:
        return _Wait(context, server.anonymous, grant).tokens(show)


class _Wait:
    """Polls at the server's interval until the login is approved or denied, or the code expires."""

    def __init__(self, context: AppContext, api: ApiClient, grant: DeviceGrant) -> None:
        self._context = context
        self._api = api
        self._grant = grant
        self._interval_s = grant.interval_s
        self._ends_at = context.clock() + grant.expires_in_s
        self._failed: TemporaryError | None = None
        self._failures = 0

    def tokens(self, show: Callable[[float], None]) -> Tokens:
        """Return the tokens; raises AuthError if the login is denied or the code expires."""
        pause_s = self._interval_s
        while self._sleep(pause_s, show):
            found = self._poll()
            if found is not None:
                return found
            pause_s = self._pause_s()
        if self._failed is not None:
            raise self._failed
        raise AuthError(
            "the code expired before anyone approved the login", hint="run again: fnt login",
            code="EXPIRED_TOKEN",
        )  # fmt: skip

    def _sleep(self, seconds: float, show: Callable[[float], None]) -> bool:
        """Sleep, updating the countdown every second; return False once the code has expired."""
        until = self._context.clock() + seconds
        while (left_s := self._ends_at - (now := self._context.clock())) > 0:
            show(left_s)
            if now >= until:
                return True
            self._context.sleep(min(1.0, until - now, left_s))
        return False

    def _poll(self) -> Tokens | None:
        from fnt.api.device import AuthorizationPending  # noqa: PLC0415 -- loads httpx

        try:
            outcome = self._api.poll_device_login(self._grant)
        except TemporaryError as error:
            if self._failed is None:
                self._context.terminal.say(f"{error.message}; retrying")
            self._failed, self._failures = error, self._failures + 1
            return None
        self._failed, self._failures = None, 0
        if outcome is AuthorizationPending.SLOW_DOWN:
            self._interval_s += SLOWER_BY_S
        return outcome if isinstance(outcome, Tokens) else None

    def _pause_s(self) -> float:
        """Return the polling interval, doubled for each consecutive failure."""
        pause_s = min(
            self._interval_s * 2.0**self._failures, max(LONGEST_PAUSE_S, self._interval_s)
        )
        asked_s = (self._failed.retry_after_s if self._failed else None) or 0.0
        return max(pause_s, asked_s)
