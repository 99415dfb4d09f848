"""All checks in order, with their dependencies."""

from __future__ import annotations

from collections.abc import Sequence

from fnt.doctor import local, network, realtime, server
from fnt.doctor.run_checks import Check
from fnt.errors import ExitCode

CHECKS: Sequence[Check] = (
    Check(name="settings", look=local.settings),
    Check(name="terminal", look=local.terminal),
    Check(
        name="folder",
        look=local.folder,
        late_hint="the disk or network drive hangs; choose another folder with -o",
        late_code=ExitCode.USAGE,
    ),
    Check(
        name="keyring",
        look=local.keyring,
        needs=("settings",),
        late_hint="unlock it, or set FNT_NO_KEYRING=1",
        late_code=ExitCode.USAGE,
    ),
    Check(name="proxy", look=network.proxy, needs=("settings",)),
    Check(
        name="name",
        look=network.name,
        needs=("proxy",),
        late_hint="the DNS resolver does not respond",
    ),
    Check(name="tcp", look=network.tcp, needs=("name",)),
    Check(name="tls", look=network.tls, needs=("tcp",)),
    Check(name="rest", look=server.rest, needs=("tls",)),
    Check(name="clock", look=server.clock, needs=("rest",)),
    Check(name="login", look=server.login, needs=("rest", "keyring")),
    Check(name="version", look=server.version, needs=("login",)),
    Check(name="database", look=server.database, needs=("login",)),
    Check(name="broker", look=server.broker, needs=("login",)),
    Check(name="workers", look=server.workers, needs=("login",)),
    Check(name="events", look=server.events, needs=("login",)),
    Check(name="storage", look=server.storage, needs=("login",)),
    Check(name="websocket", look=realtime.websocket, needs=("rest",)),
    Check(name="origin", look=realtime.origin, needs=("websocket",)),
    Check(name="join", look=realtime.join, needs=("login", "websocket")),
)
