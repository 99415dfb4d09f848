"""Where a process listens."""

from __future__ import annotations

import errno
import os
import socket

from fnt_server.config.environment import ConfigError

BACKLOG = 2048
PORT_HINT = "choose another port with --port"
OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)


def open_listener(host: str, port: int, *, hint: str) -> socket.socket:
    """Listen on a host and port; port 0 is any that is free.

    Raises ConfigError if the host is no address of this machine, or if the port is taken or not
    allowed: `hint` says what to do then.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        reason = error.args[1]
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        if error.errno in OF_THE_PORT:
            address = format_address(host, port)
            raise ConfigError(f"cannot listen on {address} ({reason}): {hint}") from error
    except ValueError:
        reason = "not a host name"
    raise ConfigError(
        f"cannot listen on {host[:80]!a} ({reason.lower()}): correct FNT_HOST or --host"
    )


def format_address(host: str, port: int) -> str:
    """Return `host:port`, with brackets around IPv6."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
