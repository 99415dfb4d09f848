"""All checks in their order, and which make others pointless."""

from __future__ import annotations

from collections.abc import Sequence

from fnt.doctor import local as here
from fnt.doctor import network as way
from fnt.doctor import realtime as live
from fnt.doctor import server
from fnt.doctor.run_checks import Check
from fnt.errors import ExitCode

CHECKS: Sequence[Check] = (
    Check(name="settings", look=here.settings),
    Check(name="terminal", look=here.terminal),
    Check(
        name="folder",
        look=here.folder,
        late_hint="the disk or network drive hangs; choose another folder with -o",
        late_code=ExitCode.USAGE,
    ),
    Check(
        name="keyring",
        look=here.keyring,
        needs=("settings",),
        late_hint="unlock it, or set FNT_NO_KEYRING=1",
        late_code=ExitCode.USAGE,
    ),
    Check(name="proxy", look=way.proxy, needs=("settings",)),
    Check(
        name="name", look=way.name, needs=("proxy",), late_hint="the DNS resolver does not respond"
    ),
    Check(name="tcp", look=way.tcp, needs=("name",)),
    Check(name="tls", look=way.tls, needs=("tcp",)),
    Check(name="rest", look=server.rest, needs=("tls",)),
    Check(name="clock", look=server.clock, needs=("rest",)),
    Check(name="login", look=server.login, needs=("rest", "keyring")),
    Check(name="version", look=server.version, needs=("login",)),
    Check(name="database", look=server.database, needs=("login",)),
    Check(name="broker", look=server.broker, needs=("login",)),
    Check(name="workers", look=server.workers, needs=("login",)),
    Check(name="websocket", look=live.websocket, needs=("rest",)),
    Check(name="origin", look=live.origin, needs=("websocket",)),
    Check(name="join", look=live.join, needs=("login", "websocket")),
)
