"""Whether a command talks to the personal server, and the settings with which it does."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fnt.config.settings import DEFAULT_SERVER, Settings
from fnt.distribution import SERVER_MODULES, install_hint
from fnt.errors import AuthError, SetupError, TemporaryError, UsageError
from fnt.local_server.local_use import LocalUse
from fnt.local_server.server import LocalServer
from fnt.wire.error_codes import ErrorCode
from fnt.wire.local_server import NAME

if TYPE_CHECKING:
    from fnt.output.terminal import Terminal

FindLocal = Callable[[], LocalServer | None]

CI_VARIABLES = (
    "CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION",
    "BUILDKITE", "CODEBUILD_BUILD_ID",
)  # fmt: skip
PROBE_WITHIN_S = 1.0
STARTS = "starting a personal server (stop: fnt local stop; avoid: --server, --no-local)"


@contextmanager
def resolved(
    settings: Settings,
    use: LocalUse,
    *,
    find_local: FindLocal,
    terminal: Terminal,
    environ: Mapping[str, str],
) -> Iterator[Settings]:
    """Yield the settings to connect with; a personal server stays for as long as the block."""
    is_asked = settings.server == NAME
    if is_asked and use is LocalUse.NEVER:
        raise UsageError(
            "the personal server has one user and no logins", hint="name another: --server URL"
        )
    may_start = is_asked or (terminal.err_is_terminal and not is_ci(environ))
    if is_asked or uses_local(settings, use, find_local, may_start=may_start):
        tell_start = partial(terminal.say_dim, STARTS)
        with started(settings, find_local(), may_start=may_start, tell_start=tell_start) as found:
            yield found
        return
    try:
        yield settings
    except AuthError as error:
        # Whatever listens there, another program perhaps, keeps the personal server from starting.
        if (
            error.code == ErrorCode.NOT_LOGGED_IN
            and _is_unnamed(settings)
            and use is not LocalUse.NEVER
        ):
            error.hint = f"{error.hint}, or use a personal server: --server {NAME}"
        raise


@contextmanager
def started(
    settings: Settings,
    local: LocalServer | None,
    *,
    may_start: bool = True,
    tell_start: Callable[[], None] = lambda: None,
) -> Iterator[Settings]:
    """Yield the settings of the personal server; it stays for as long as the block."""
    if local is None:
        raise UsageError(
            "a personal server needs Linux or macOS", hint="name another: --server URL"
        )
    if may_start and local.running() is None:
        _require_extra(settings)
    with local.using(
        may_start=may_start, idle_s=settings.local_idle_s, tell_start=tell_start
    ) as endpoint:
        yield replace(
            settings, server=endpoint.url, token=endpoint.token, local_token=endpoint.token_file
        )


def of_running_server(settings: Settings, find_local: FindLocal) -> Settings:
    """Return the settings to connect with, starting nothing; raises FntError."""
    if settings.server != NAME and not uses_local(settings, LocalUse.AGAIN, find_local):
        return settings
    with started(settings, find_local(), may_start=False) as found:
        return found


def uses_local(
    settings: Settings, use: LocalUse, find_local: FindLocal, *, may_start: bool = False
) -> bool:
    """Return whether a command that names no server means the personal one."""
    if not _is_unnamed(settings) or settings.no_local or use is LocalUse.NEVER:
        return False
    is_set_up = _is_set_up(find_local)
    if not is_set_up and not (use is LocalUse.FIRST and may_start):
        return False
    if listens(DEFAULT_SERVER) or _has_login(settings, of_any=not is_set_up):
        return False
    return find_local() is not None


def _is_unnamed(settings: Settings) -> bool:
    return settings.is_default_server and settings.token is None


def _is_set_up(find_local: FindLocal) -> bool:
    with suppress(SetupError):  # no home: whoever starts one says so
        local = find_local()
        return local is not None and local.folder.is_set_up
    return False


def is_ci(environ: Mapping[str, str]) -> bool:
    """Return whether this runs in a CI service, with no one at the terminal."""
    return any(environ.get(name, "").lower() not in ("", "0", "false") for name in CI_VARIABLES)


def listens(server: str) -> bool:
    """Return whether something listens at a server's address on this machine.

    The AirPlay receiver that every Mac has on port 5000 does not count.
    """
    parts = urlsplit(server)
    try:
        with (
            socket.create_connection((parts.hostname, parts.port), timeout=PROBE_WITHIN_S) as found,
            suppress(OSError),
        ):
            found.sendall(f"HEAD / HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
            return b"airtunes" not in found.recv(2048).lower()
    except TimeoutError:
        return True
    except OSError:
        return False
    return True


def _has_login(settings: Settings, *, of_any: bool) -> bool:
    """Return whether a login is stored for the default server, or one in a file for any."""
    from fnt.config.credentials import CredentialStore  # noqa: PLC0415 -- only if no server is named

    folder = settings.config_dir / "credentials"
    if of_any and any(folder.glob("*.json")):
        return True
    store = CredentialStore(
        origin=DEFAULT_SERVER, config_dir=settings.config_dir, no_keyring=settings.no_keyring
    )
    with suppress(UsageError):  # a keyring that is locked
        return store.load() is not None
    return False


def _require_extra(settings: Settings) -> None:
    if all(importlib.util.find_spec(name) for name in SERVER_MODULES):
        return
    reason = "the extra server is missing" if settings.server == NAME else "connection refused"
    raise TemporaryError(
        f"cannot reach {settings.server} ({reason})",
        code="UNREACHABLE",
        hint=f"name a server with --server URL, or to have one here, {install_hint('server')}",
    )
