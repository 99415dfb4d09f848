"""A Python that has imported `fnt` and `fnt_server` before, and forks for each program asked for.

Hundreds of times the tests start the client or the server, each of which would spend half a second
of CPU on imports. What runs is the same: `python -m fnt …`, from its `__main__` to the exit of the
interpreter. This file is run as a script, so that it is on nobody's path.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import socket
import sys
import threading
import time
from typing import Any

NOT_IMPORTED = ("__main__", "gevent", "typer.rich_utils", "engines.gemini", "engines.openai")
"""What programs run, patch or do without, and what reads the environment when it is imported."""
FIRST_FREE = 512
"""Descriptors below are those a program was given, or ours."""


def import_all(package: str) -> None:
    """Import a package with its modules."""
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f"{package}."):
        if not any(word in module.name for word in NOT_IMPORTED):
            importlib.import_module(module.name)


def serve(address: str) -> dict[str, Any]:
    """Fork for each program that asks; returns only in the forked process, what it has to run.

    Ends with its own stdin, which closes when the tests' process has ended in whatever way.
    """
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        listener.bind(address)
        listener.listen(64)
        selector.register(listener, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        os.write(1, b"ready\n")
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    if asked := _forked(listener, selector):
                        return asked
                elif key.fd == 0:
                    os._exit(0)
                else:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    _tell_end(*key.data)


def _forked(listener: socket.socket, selector: selectors.BaseSelector) -> dict[str, Any] | None:
    """Accept a program and fork; returns what to run in the forked process, None in this one."""
    link, _ = listener.accept()
    asked, descriptors = _received(link)
    if not asked:
        link.close()
        return None
    pid = os.fork()
    if pid == 0:
        link.close()
        _leave(selector)
        _take(descriptors, asked["numbers"])
        return asked
    for descriptor in descriptors:
        os.close(descriptor)
    link.sendall(pid.to_bytes(4, "big"))
    selector.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, link))
    return None


def _received(link: socket.socket) -> tuple[dict[str, Any], list[int]]:
    head, descriptors, _, _ = socket.recv_fds(link, 4, 64)
    text = b""
    while len(text) < int.from_bytes(head, "big") and (piece := link.recv(1 << 16)):
        text += piece
    return (json.loads(text) if text else {}), descriptors


def _tell_end(pid: int, link: socket.socket) -> None:
    _, status = os.waitpid(pid, 0)
    with link:
        try:
            link.sendall(status.to_bytes(4, "big"))
        except OSError:
            return  # nobody waits for it any more


def _leave(selector: selectors.BaseSelector) -> None:
    """Close what belongs to the process that forks."""
    for key in list(selector.get_map().values()):
        if key.data:
            os.close(key.fd)
            key.data[1].close()


def _take(descriptors: list[int], numbers: list[int]) -> None:
    """Give descriptors the numbers they have where they come from."""
    import fcntl  # noqa: PLC0415 -- not on Windows

    above = [fcntl.fcntl(one, fcntl.F_DUPFD, FIRST_FREE) for one in descriptors]
    for one in descriptors:
        os.close(one)
    for one, number in zip(above, numbers, strict=True):
        os.dup2(one, number, inheritable=True)
        os.close(one)


def become(asked: dict[str, Any]) -> None:
    """Set up everything that a new interpreter takes from its surroundings."""
    if asked["is_leader"]:
        os.setsid()
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    time.tzset()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, name)
        stream = open(  # noqa: SIM115 -- as long as the process
            number, "w" if number else "r", encoding=before.encoding, errors=before.errors,
            closefd=False,
        )  # fmt: skip
        if number:
            stream.reconfigure(line_buffering=name == "stderr" or stream.isatty())
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.path[0] = asked["cwd"]
    sys.argv = [asked["module"], *asked["args"]]


def leave(code: object) -> None:
    """End as Python does, but without taking apart two thousand modules, which takes 0.1 s."""
    if code is not None and not isinstance(code, int):
        sys.exit(code)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        sys.exit(code)  # which tells that it cannot write, with a status of its own
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    import_all("fnt")
    import_all("fnt_server")
    gc.freeze()
    program = serve(sys.argv[1])
    become(program)
    try:
        runpy.run_module(program["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        leave(end.code)
    leave(None)
