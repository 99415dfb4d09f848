"""What code can still do after `enter_sandbox`: the real function in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fnt_server.sandbox import seccomp

pytestmark = pytest.mark.skipif(not seccomp.is_supported(), reason="needs a filter of system calls")

SCRIPT = """
import ctypes, json, os, resource, socket, subprocess, sys, threading
from pathlib import Path
from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.sandbox.lockdown import enter_sandbox

secret, inherited, port, unix = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
libc = ctypes.CDLL(None, use_errno=True)
report = os.dup(1)
parent = os.getppid()

def call(number, *arguments):
    if libc.syscall(number, *arguments) == -1:
        raise OSError(ctypes.get_errno(), "refused")

def traced():
    if libc.ptrace(16, parent, None, None) == -1:
        raise OSError(ctypes.get_errno(), "refused")

def connect(family, address):
    with socket.socket(family) as s:
        s.connect(address)

attempts = {
    "read the secret": lambda: open(secret).read(),
    "read its own environment": lambda: open("/proc/self/environ").read(),
    "use an inherited descriptor": lambda: os.read(inherited, 1),
    "look at a file": lambda: os.stat(secret),
    "list a folder": lambda: os.listdir("/"),
    "write a file": lambda: open(secret + ".new", "w"),
    "remove a file": lambda: os.unlink(secret),
    "connect by TCP": lambda: connect(socket.AF_INET, ("127.0.0.1", port)),
    "connect to the broker's socket": lambda: connect(socket.AF_UNIX, unix),
    "send by UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "fork": os.fork,
    "start a shell": lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True),
    "become a shell": lambda: os.execv("/bin/sh", ["sh", "-c", "true"]),
    "start a thread": lambda: threading.Thread(target=print).start(),
    "trace its parent": traced,
    "read its parent's memory": lambda: call(310, parent, None, 0, None, 0, 0),
    "signal its parent": lambda: os.kill(parent, 0),
    "hold its parent": lambda: os.pidfd_open(parent),
    "raise its memory": lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40)),
    "raise its files": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99)),
    "raise its processor time": lambda: resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999)),
    "make a namespace": lambda: call(272, 0x10000000),
    "use io_uring": lambda: call(425, 8, None),
    "make a file in memory": lambda: os.memfd_create("x"),
    "allow being traced": lambda: call(157, 4, 1, 0, 0, 0),
    "hold much memory": lambda: bytearray(2 << 30),
}
missing = enter_sandbox(PdfLimits(), keep={report})
done = {}
for name, attempt in attempts.items():
    try:
        attempt()
        done[name] = "allowed"
    except BaseException as error:
        done[name] = type(error).__name__
os.write(report, json.dumps([missing, done]).encode())
os._exit(0)
"""


def test_nothing_of_the_server_is_in_reach(tmp_path: Path) -> None:
    secret = tmp_path / "secret.key"
    secret.write_text("canary")
    unix = str(tmp_path / "s")
    descriptor = os.open(secret, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as broker:
        broker.bind(unix)
        broker.listen()
        port = str(tcp.getsockname()[1])
        command = [sys.executable, "-c", SCRIPT, str(secret), str(descriptor), port, unix]
        ran = subprocess.run(
            command, capture_output=True, pass_fds=[descriptor], timeout=60, check=True
        )
    os.close(descriptor)

    missing, done = json.loads(ran.stdout)

    assert missing == []
    assert len(done) == 26
    assert [name for name, ended in done.items() if ended == "allowed"] == []
    assert done["hold much memory"] == "MemoryError"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s", "secret.key"]
