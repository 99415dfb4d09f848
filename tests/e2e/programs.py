"""`fnt` and `fnt-server` as processes of an interpreter that has started before: see `forked`."""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

READ_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC", "FNT_METRICS_PORT", "FNT_WORKER_CLASS")
"""What is read while Python starts or imports: where it differs, a new Python is started."""
STUB = """#!{python} -IS
import json, os, socket, sys
def is_open(number):
    try:
        return bool(os.fstat(number))
    except OSError:  # that of the list itself
        return False
held = [number for number in map(int, os.listdir("/proc/self/fd")) if is_open(number)]
with socket.socket(socket.AF_UNIX) as link:
    link.connect({address!r})
    asked = {{"module": {module!r}, "args": sys.argv[1:], "cwd": os.getcwd(),
             "environ": dict(os.environ), "numbers": held, "is_leader": False}}
    text = json.dumps(asked).encode()
    socket.send_fds(link, [len(text).to_bytes(4, "big")], held)
    link.sendall(text)
    answer = b""
    while len(answer) < 8:
        answer += link.recv(8 - len(answer)) or sys.exit(1)
    sys.exit(os.waitstatus_to_exitcode(int.from_bytes(answer[4:], "big")))
"""


class Forks:
    """The process that forks, and what it was started with."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fnt-forks-")
        self.address = str(Path(self._folder.name) / "s")
        self.settings = read_at_start(os.environ)
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forked.py")), self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout and self._process.stdout.readline() == b"ready\n"
        atexit.register(self.close)

    def close(self) -> None:
        """End it; what it has forked goes on."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()


@functools.cache
def forks() -> Forks:
    """Return the process that forks for this process."""
    return Forks()


def read_at_start(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that matter before a program's first line."""
    return {name: value for name, value in environ.items() if name.startswith(READ_AT_START)}


class ForkedPopen(subprocess.Popen[Any]):
    """A process that another one has forked for us, and of whose end it tells."""

    def _execute_child(self, *values: Any) -> None:  # type: ignore[override]
        names = subprocess.Popen._execute_child.__code__.co_varnames[1 : len(values) + 1]  # type: ignore[attr-defined]
        options = dict(zip(names, values, strict=True))
        pipes = [options[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        streams = [number if pipe == -1 else pipe for number, pipe in enumerate(pipes)]
        asked = {
            "module": options["args"][0],
            "args": list(options["args"][1:]),
            "cwd": str(options["cwd"] or Path.cwd()),
            "environ": dict(options["env"]),
            "numbers": [0, 1, 2, *options["pass_fds"]],
            "is_leader": options["start_new_session"],
        }
        text = json.dumps(asked).encode()
        self._link = socket.socket(socket.AF_UNIX)
        self._link.connect(forks().address)
        socket.send_fds(
            self._link, [len(text).to_bytes(4, "big")], [*streams, *options["pass_fds"]]
        )
        self._link.sendall(text)
        self.pid = self._number()
        self._child_created = True
        ends = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(options[name] for name in ends))  # type: ignore[attr-defined]

    def _number(self) -> int:
        answer = b""
        while len(answer) < 4:
            piece = self._link.recv(4 - len(answer))
            if not piece:
                raise ChildProcessError("the process that forks has ended")
            answer += piece
        return int.from_bytes(answer, "big")

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        is_running = self.returncode is None and self._child_created
        if is_running and select.select([self._link], [], [], 0)[0]:
            self._wait(None)
        return self.returncode

    def _wait(self, timeout: float | None) -> int:
        if self.returncode is None:
            if not select.select([self._link], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(self._number())
            self._link.close()
        return self.returncode


def start(
    module: str, *args: str, env: Mapping[str, str], prefix: Sequence[str] = (), **options: Any
) -> subprocess.Popen[Any]:
    """Start `prefix python -m module args`, forked where a new Python would begin the same way.

    `options` are those of `subprocess.Popen`.
    """
    is_plain = not prefix and options.keys() <= {
        "cwd", "stdin", "stdout", "stderr", "text", "pass_fds", "start_new_session"
    }  # fmt: skip
    if is_plain and hasattr(os, "pidfd_open") and read_at_start(env) == forks().settings:
        return ForkedPopen([module, *args], env=env, **options)
    return subprocess.Popen([*prefix, sys.executable, "-m", module, *args], env=env, **options)


def run(
    module: str,
    *args: str,
    env: Mapping[str, str],
    timeout_s: float,
    stdin: str = "",
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m module args` to its end; returns what it wrote."""
    pipe = subprocess.PIPE
    process = start(
        module, *args, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **options
    )
    with process:
        try:
            out, err = process.communicate(stdin, timeout=timeout_s)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(args, process.returncode, out, err)


def search_path() -> str:
    """Return a PATH for shells on which `fnt` and `fnt-server` are such programs.

    They pass on every open descriptor, but no signals.
    """
    return f"{stubs()}:{os.environ['PATH']}"


@functools.cache
def stubs() -> Path:
    """Write the programs into a folder and return it."""
    folder = Path(forks().address).parent / "bin"
    folder.mkdir()
    for name in ("fnt", "fnt-server"):
        path = folder / name
        module = name.replace("-", "_")
        path.write_text(STUB.format(python=sys.executable, address=forks().address, module=module))
        path.chmod(0o755)
    return folder
