"""The command `fnt-server`."""

from __future__ import annotations

import importlib.util
import os
import sys

from fnt.distribution import SERVER_MODULES, install_hint
from fnt_server import concurrency
from fnt_server.optional_imports import absent


def main() -> None:
    """Run a command; a missing extra or an invalid setting prints one line and exits with 2."""
    _open_standard_streams()
    if not all(importlib.util.find_spec(name) for name in SERVER_MODULES):
        sys.stderr.write(f"error: fnt-server needs the extra server\n  {install_hint('server')}\n")
        sys.exit(2)
    if concurrency.gevent_requested(sys.argv[1:], os.environ):
        if importlib.util.find_spec("gevent") is None:
            hint = install_hint("server", "gevent", "postgres")
            sys.stderr.write(f"error: --worker-class gevent needs the extra gevent\n  {hint}\n")
            sys.exit(2)
        concurrency.patch()
    with absent("cryptography"):  # our tokens need none; it takes a tenth of the start, and 3 MiB
        import jwt  # noqa: F401, PLC0415 -- only after the checks above
    from fnt_server.cli.commands import run_command  # noqa: PLC0415 -- as above

    sys.exit(run_command())


def _open_standard_streams() -> None:
    """Connect closed standard streams to nothing, or files and sockets would take their place."""
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, number)
            if opened != number:
                os.close(opened)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 -- as long as the process


if __name__ == "__main__":
    main()
