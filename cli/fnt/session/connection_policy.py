"""When to connect, poll, and give up. Pure: the time is passed in as `now`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from fnt.errors import FntError
from fnt.progress import RESTARTING, LinkState, LinkStatus
from fnt.session.options import WatchOptions
from fnt.session.reconnect_timing import ReconnectTiming
from fnt.wire.error_codes import ErrorCode

PATIENT_ATTEMPTS = 8
"""Failed attempts after which, if polling works, the socket is tried less often."""

LONGEST_WAIT_S = 120.0
"""Upper limit for delays requested by the server."""


class ConnectionPolicy:
    """State machine of the connection; its owner asks it what to do next."""

    def __init__(
        self,
        options: WatchOptions,
        *,
        timing: ReconnectTiming,
        random: Callable[[], float],
        now: float,
    ) -> None:
        self._options = options
        self._give_up_s = options.give_up_s or math.inf
        self._timing = timing
        self._random = random
        self._attempt = 0
        self._in_flight = 0
        self._next_try_at = math.inf if options.transport == "poll" else now
        self._live_since: float | None = None
        self._was_live = self._was_in_contact = False
        self._down_since = now
        self._leave_at = math.inf
        self._poll_at = now
        self._poll_every_s = timing.poll_s
        self._is_asking = False
        self._last_poll_worked = False
        self._contact_at = now
        self._reason: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether a socket is connected."""
        return self._live_since is not None

    def wants_socket(self, now: float) -> bool:
        """Return whether the next connection attempt is due."""
        return not self.is_live and now >= self._next_try_at

    def attempt_started(self, now: float) -> None:
        """Record the start of a connection attempt."""
        self._attempt += 1
        self._in_flight += 1
        self._next_try_at = now + self._timing.overlap_s

    def opened(self, now: float) -> None:
        """Record that a socket is connected."""
        self._in_flight = max(0, self._in_flight - 1)
        self._live_since = self._contact_at = now
        self._was_live = self._was_in_contact = True
        self._leave_at = math.inf
        self._reason = None
        self._poll_every_s = self._timing.poll_s

    def failed(self, now: float, error: FntError) -> None:
        """Record a failed attempt; the next is delayed by backoff with jitter, or as requested."""
        self._in_flight = max(0, self._in_flight - 1)
        self._reason = error.message
        if self.is_live or self._in_flight:
            return
        is_busy = error.code == ErrorCode.BUSY
        is_served = self._last_poll_worked and self._attempt > PATIENT_ATTEMPTS
        cap_s = self._timing.busy_cap_s if is_busy or is_served else self._timing.backoff_cap_s
        self._next_try_at = now + self._jitter(cap_s) + _bounded_wait(error.retry_after_s)

    def lost(self, now: float, reason: str) -> None:
        """Record that the socket was lost."""
        if self._live_since is None:
            return
        if now - self._live_since >= self._timing.stable_s:
            self._attempt = 0
        self._live_since = None
        self._down_since = self._contact_at = now
        self._reason = reason if self._leave_at == math.inf else RESTARTING
        self._poll_at = now
        self._last_poll_worked = False
        drained_at = self._leave_at if self._leave_at < math.inf else now
        self._leave_at = math.inf
        self._next_try_at = max(now, drained_at) + self._jitter(self._timing.backoff_cap_s)

    def draining(self, now: float, retry_in_s: float | None) -> None:
        """Record that the server is shutting down and wants to be retried later."""
        self._leave_at = now + _bounded_wait(retry_in_s)

    def wants_to_leave(self, now: float) -> bool:
        """Return whether a draining server has kept the socket open for too long."""
        return self.is_live and now >= self._leave_at

    def wants_poll(self, now: float) -> bool:
        """Return whether a poll over HTTP is due."""
        return self._polls(now) and now >= self._poll_at and not self._is_asking

    def poll_started(self) -> None:
        """Record the start of a poll."""
        self._is_asking = True

    def polled(self, now: float, *, has_news: bool) -> None:
        """Record a successful poll; without news, the interval grows."""
        self._is_asking = False
        self._last_poll_worked = self._was_in_contact = True
        self._contact_at = now
        slower = min(self._timing.poll_cap_s, self._poll_every_s * 1.5)
        self._poll_every_s = self._timing.poll_s if has_news else slower
        self._poll_at = now + self._poll_every_s

    def poll_failed(self, now: float, error: FntError) -> None:
        """Record a failed poll, and delay the next as requested."""
        self._is_asking = False
        self._last_poll_worked = False
        self._poll_every_s = min(self._timing.poll_cap_s, self._poll_every_s * 2)
        self._poll_at = now + max(self._poll_every_s, _bounded_wait(error.retry_after_s))

    def idle(self, now: float) -> None:
        """Record that there was nothing to fetch, which does not count as lost contact."""
        self._contact_at = now
        self._poll_at = max(self._poll_at, now + self._timing.tick_s)

    def gives_up(self, now: float) -> bool:
        """Return whether there has been no contact for too long."""
        return not self.is_live and now - self._contact_at >= self._give_up_s

    def slept(self, seconds: float) -> None:
        """Leave out seconds in which this process was stopped and nothing was tried."""
        self._contact_at += seconds

    def wake_at(self, now: float) -> float:
        """Return when the next of these answers may change."""
        if self.is_live:
            return self._leave_at
        times = [self._next_try_at, self._contact_at + self._give_up_s]
        if not self._is_asking:
            times.append(self._poll_at if self._polls(now) else self._polls_from())
        return min(times)

    def state(self, now: float) -> LinkState:
        """Return the connection state as shown to the user."""
        if self.is_live:
            return LinkState(status=LinkStatus.LIVE)
        retry_at = None if self._in_flight else self._next_try_at
        retry_at = None if retry_at == math.inf else retry_at
        shown = LinkState(attempt=self._attempt, retry_at=retry_at, reason=self._reason)
        if self._polls(now) and self._last_poll_worked:
            every_s = round(self._poll_every_s, 1)
            return replace(shown, status=LinkStatus.POLLING, poll_every_s=every_s)
        if self._attempt <= 1 and not self._was_live:
            return replace(shown, status=LinkStatus.CONNECTING)
        give_up_at = self._contact_at + self._give_up_s
        return replace(
            shown,
            status=LinkStatus.RECONNECTING,
            is_first=not self._was_in_contact,
            give_up_at=None if give_up_at == math.inf else give_up_at,
        )

    def _polls(self, now: float) -> bool:
        if self.is_live or self._options.transport == "ws":
            return False
        failures = self._attempt - self._in_flight
        return failures >= self._timing.poll_after_failures or now >= self._polls_from()

    def _polls_from(self) -> float:
        if self._options.transport == "poll":
            return -math.inf
        if self._options.transport == "ws":
            return math.inf
        return self._down_since + self._timing.poll_after_s

    def _jitter(self, cap_s: float) -> float:
        """Return a delay with full jitter below an exponential bound, to spread clients out."""
        bound = self._timing.backoff_s * 2.0 ** min(self._attempt, 16)
        return self._random() * min(cap_s, bound)


def _bounded_wait(seconds: float | None) -> float:
    """Return the delay a server requested, limited to a reasonable range; NaN counts as none."""
    return min(seconds, LONGEST_WAIT_S) if seconds is not None and seconds > 0 else 0.0
