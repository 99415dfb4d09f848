"""Where the web process can listen."""

from __future__ import annotations

import os
import socket

from fnt_server.config.environment import ConfigError


def require_listen_address(host: str) -> None:
    """Raise ConfigError unless a host is, or leads to, an address of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, 0), family=family).close()
    except socket.gaierror as error:
        reason = error.args[1].partition(" (")[0]
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
    except ValueError:
        reason = "not a host name"
    else:
        return
    raise ConfigError(
        f"cannot listen on {host[:80]!a} ({reason.lower()}): correct FNT_HOST or --host"
    )
