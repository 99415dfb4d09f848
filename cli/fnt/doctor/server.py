"""Checks over REST: health, clock, login, version, and the server's components."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from msgspec import UNSET, UnsetType

from fnt import __version__
from fnt.api.errors import redirect_hint
from fnt.api.retry import Retry
from fnt.doctor.context import DoctorContext
from fnt.doctor.outcome import Outcome, fail, failed, ok, skip, warn
from fnt.errors import AuthError, ExitCode, ProtocolError, TemporaryError
from fnt.wire.responses import ErrorAnswer, Health, HealthChecks
from fnt.wire.times import format_time

ONCE = Retry(tries=1)
MOST_OFF_S = 30.0


def rest(target: DoctorContext) -> Outcome:
    """Request the server's health and check that it is an fnt-server."""
    context, started_at = target.context, target.context.now()
    try:
        target.look = look = target.connection.anonymous.probe_health()
    except TemporaryError as error:
        return failed(
            error, hint="something between this machine and the server closes the connection"
        )
    target.asked_at = started_at + (context.now() - started_at) / 2
    try:
        health = look.read(Health)
    except ProtocolError:
        return _refusal(target) or _no_server(target)
    words = f"{health.service[:40]} reports status {health.status[:40]}"
    if look.status >= 500:
        return fail(f"{words}: its database is down", "check the server's log",
                    exit_code=ExitCode.TEMPORARY)  # fmt: skip
    if health.status == "ok":
        return ok(words)
    return warn(words, "see the checks of database, broker and workers")


def _refusal(target: DoctorContext) -> Outcome | None:
    try:
        answer = target.look.read(ErrorAnswer)
    except ProtocolError:
        return None
    words = f"the server refuses the request: {answer.error[:200]} ({answer.error_code[:40]})"
    if target.look.status >= 500 or target.look.status == 429:
        return fail(words, "wait, then try again", exit_code=ExitCode.TEMPORARY)
    return fail(words, "use its address, or change its settings", exit_code=ExitCode.USAGE)


def _no_server(target: DoctorContext) -> Outcome:
    status, location = target.look.status, target.look.headers.get("Location")
    if location:
        return fail(
            f"the server returns {status}, a redirect",
            redirect_hint(location, server=target.settings.server),
            exit_code=ExitCode.USAGE,
        )
    if status >= 500 or status == 429:
        return fail(
            f"a proxy in front of the server returns {status}",
            "the server behind it is down: start it, or wait",
            exit_code=ExitCode.TEMPORARY,
        )
    return fail(
        f"this is not an fnt-server (it returned {status})",
        "fix --server; fnt config list --show-origin shows where it comes from",
        exit_code=ExitCode.USAGE,
    )


def clock(target: DoctorContext) -> Outcome:
    """Compare the server's clock with this machine's; token and certificate expiry depend on it."""
    try:
        moment = parsedate_to_datetime(target.look.headers.get("Date", ""))
    except ValueError:
        return skip("the server does not report its time")
    server_time = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) + timedelta(seconds=0.5)
    off_s = (target.asked_at - server_time).total_seconds()
    if abs(off_s) <= MOST_OFF_S:
        return ok("in sync with the server")
    way = "ahead of" if off_s > 0 else "behind"
    return warn(
        f"this machine's clock is {_span(abs(off_s))} {way} the server's",
        "correct the one that is wrong (NTP); tokens and certificates depend on it",
    )


def login(target: DoctorContext) -> Outcome:
    """Find the token and ask the server whose it is."""
    api, store, known = target.connection.api, target.connection.store, target.settings
    tokens = None if known.token else store.load()
    if tokens is None and not known.token:
        return fail("not logged in", "run: fnt login", exit_code=ExitCode.AUTH)
    try:
        email = api.me(retry=ONCE).email[:200]
    except AuthError as error:
        hint = (
            "create a new FNT_TOKEN with: fnt-server user token EMAIL"
            if target.connection.token_source == "FNT_TOKEN"  # noqa: S105 -- the name of a variable
            else error.hint
        )
        return fail(error.message, hint or "run: fnt login", exit_code=ExitCode.AUTH)
    target.health = api.health(retry=ONCE)
    if tokens is None:
        return ok(f"{email}, with {target.connection.token_source}")
    tokens = store.load() or tokens
    if tokens.is_personal:
        return ok(f"{email}, with a personal token in {store.where()}")
    until = format_time(datetime.fromtimestamp(tokens.expires_at, UTC))
    return ok(f"{email}, token in {store.where()}, valid until {until}, renews automatically")


def version(target: DoctorContext) -> Outcome:
    """Compare the server's version with this one."""
    server_version = (target.health.version or "")[:40]
    if not server_version:
        return skip(f"the server does not report its version; fnt is {__version__}")
    words = f"server {server_version}, fnt {__version__}"
    if _series(server_version) == _series(__version__):
        return ok(words)
    older = "fnt" if _series(__version__) < _series(server_version) else "the server"
    return warn(words, f"upgrade {older}")


def database(target: DoctorContext) -> Outcome:
    """Check that the server reaches its database."""
    return _part(target, lambda checks: checks.database, "start the server's database")


def broker(target: DoctorContext) -> Outcome:
    """Check that the server reaches its broker."""
    hint = "start the server's broker: without it, progress is delayed"
    return _part(target, lambda checks: checks.broker, hint)


def workers(target: DoctorContext) -> Outcome:
    """Check that a worker is running."""
    checks = target.health.checks
    if not checks:
        return skip("not reported by the server")
    number = checks.workers
    if number < 1:
        return fail("no worker is running: jobs are waiting", "start one with: fnt-server worker",
                    exit_code=ExitCode.TEMPORARY)  # fmt: skip
    return ok(f"{number} alive")


def events(target: DoctorContext) -> Outcome:
    """Check that the server hears of the progress of its workers."""
    state = target.health.checks.events if target.health.checks else UNSET
    if state == "down":
        return warn("down", "check the server's FNT_EVENTS_URL; until then, jobs are polled")
    return _part(target, lambda checks: checks.events, "")


def storage(target: DoctorContext) -> Outcome:
    """Check that the server reaches its storage."""
    return _part(target, lambda checks: checks.storage, "start the server's storage")


def _part(
    target: DoctorContext, state_of: Callable[[HealthChecks], str | UnsetType], hint: str
) -> Outcome:
    state = state_of(target.health.checks) if target.health.checks else UNSET
    if isinstance(state, UnsetType):
        return skip("not reported by the server")
    return ok("ok") if state == "ok" else fail(state[:40], hint, exit_code=ExitCode.TEMPORARY)


def _series(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _span(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
