"""The command `fnt-server`."""

from __future__ import annotations

import importlib.util
import os
import sys

from fnt.distribution import install_hint
from fnt_server import concurrency


def main() -> None:
    """Run a command; a missing extra or an invalid setting prints one line and exits with 2."""
    missing = [
        name
        for name in ("flask_socketio", "celery", "sqlalchemy", "gunicorn")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        sys.stderr.write(f"error: fnt-server needs the extra server\n  {install_hint('server')}\n")
        sys.exit(2)
    if concurrency.gevent_requested(sys.argv[1:], os.environ):
        if importlib.util.find_spec("gevent") is None:
            hint = install_hint("server", "gevent", "postgres")
            sys.stderr.write(f"error: --worker-class gevent needs the extra gevent\n  {hint}\n")
            sys.exit(2)
        concurrency.patch()
    from fnt_server.cli.commands import run_command  # noqa: PLC0415 -- only after the checks above

    sys.exit(run_command())


if __name__ == "__main__":
    main()
