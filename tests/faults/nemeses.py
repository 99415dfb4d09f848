"""What breaks a server, for a while: each breaks it, waits, and mends what it broke."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from e2e.harness import ServerProcess, children_of, descendants, kill_tree, wait_for
from faults.record import running_steps, taken_over

Nemesis = Callable[[ServerProcess, random.Random], None]

UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def kill_web(server: ServerProcess, rng: random.Random) -> None:
    """Kill the web process, alone or with its children."""
    _kill(server.child("web"), rng)


def kill_worker(server: ServerProcess, rng: random.Random) -> None:
    """Kill the worker, or only one of its children."""
    worker = server.child("worker")
    below = children_of(worker)
    if below and rng.random() < 0.4:
        _kill_one(rng.choice(below))
    else:
        _kill(worker, rng)


def kill_broker(server: ServerProcess, rng: random.Random) -> None:
    """Kill the broker; its log brings back what it knew."""
    _kill(server.child("broker"), rng)


def kill_supervisor(server: ServerProcess, rng: random.Random) -> None:
    """Kill everything, wait a while and start it again on the same data."""
    server.kill()
    time.sleep(rng.uniform(0, 3))
    server.start()


def stall_worker(server: ServerProcess, rng: random.Random) -> None:
    """Stop the worker until another one has taken over what it holds; it wakes up at that moment.

    What it then writes comes while the other is at the same step.
    """
    worker = server.child("worker")
    with _another_worker(server):
        for _ in range(3):
            with contextlib.suppress(AssertionError):  # the steps just ended: there is another time
                _stall_once(server, worker)


def _stall_once(server: ServerProcess, worker: int) -> None:
    wait_for(lambda: running_steps(server, kind="chunk"), within_s=5, what="somebody is at work")
    with _stopped(worker):
        held = running_steps(server, kind="chunk")
        wait_for(lambda: taken_over(server, held), within_s=20, what="another one took over")


def empty_broker(server: ServerProcess, rng: random.Random) -> None:
    """Kill the broker and let it begin again with nothing."""
    assert server.process
    broker = server.child("broker")
    with _stopped(server.process.pid, alone=True):
        _kill_one(broker)
        time.sleep(rng.uniform(0, 3))
        shutil.rmtree(server.data_dir / "broker", ignore_errors=True)
        (server.data_dir / "broker").mkdir(mode=0o700)


def freeze_broker(server: ServerProcess, rng: random.Random) -> None:
    """Let the broker take bytes and never answer."""
    with _stopped(server.child("broker")):
        time.sleep(20)


def lock_database(server: ServerProcess, rng: random.Random) -> None:
    """Hold the database's one lock for writing."""
    connection = sqlite3.connect(server.data_dir / "fnt.db", timeout=10, isolation_level=None)
    with contextlib.closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(10)
        connection.execute("ROLLBACK")


def fill_disk(server: ServerProcess, rng: random.Random) -> None:
    """Let no file grow beyond a page: EFBIG is how a disk can be full without root."""
    parts = (server.child("web"), server.child("worker"))
    _limit_files(parts, 4096)
    try:
        time.sleep(rng.uniform(5, 8))
    finally:
        _limit_files(parts, resource.RLIM_INFINITY)


def storm_connections(server: ServerProcess, rng: random.Random) -> None:
    """Open and reset connections, thousands, some half a request, some half a websocket."""
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        opened = []
        for _ in range(100):
            with contextlib.suppress(OSError):
                opened.append(socket.create_connection(("127.0.0.1", server.port), timeout=1))
                opened[-1].sendall(UPGRADE[: rng.choice((0, 20, len(UPGRADE)))])
        time.sleep(rng.uniform(0, 0.2))
        for connection in opened:
            _reset(connection)


NEMESES: Mapping[str, Nemesis] = {
    act.__name__: act
    for act in (
        kill_web,
        kill_worker,
        kill_broker,
        kill_supervisor,
        stall_worker,
        empty_broker,
        freeze_broker,
        lock_database,
        fill_disk,
        storm_connections,
    )
}


def _kill(pid: int, rng: random.Random) -> None:
    if rng.random() < 0.5:
        kill_tree(pid)
    else:
        _kill_one(pid)


def _kill_one(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def _stopped(pid: int, *, alone: bool = False) -> Iterator[None]:
    """Stop a process, with all below it, for as long as the block runs."""
    pids = [pid] if alone else [pid, *descendants(pid)]
    for target in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(target, signal.SIGSTOP)
    try:
        yield
    finally:
        for target in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, signal.SIGCONT)


@contextlib.contextmanager
def _another_worker(server: ServerProcess) -> Iterator[None]:
    """Run one more worker on the same database and broker."""
    environ = {
        **server.environ,
        "FNT_DATA_DIR": str(server.data_dir),
        "FNT_BROKER_URL": f"unix://{server.broker_socket()}",
    }
    with server.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fnt_server", "worker"], env=environ, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        kill_tree(process.pid)
        process.wait()


def _limit_files(parts: tuple[int, ...], size_bytes: int) -> None:
    for part in parts:
        for pid in (part, *descendants(part)):
            with contextlib.suppress(ProcessLookupError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
