"""Keeps the personal server running while it is needed, and stops it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from fnt import __version__
from fnt.errors import SetupError, TemporaryError
from fnt.local_server import locks, process
from fnt.local_server.folder import LocalFolder
from fnt.wire.local_server import ServerState

READY_WITHIN_S = 75.0
"""More than the server itself waits for its parts."""
STOP_WITHIN_S = 15.0
ENDS_WITHIN_S = 5.0
POLL_EVERY_S = 0.02
LOOK_EVERY_S = 1.0
"""How soon a command notices that the server it needs was killed."""
LOGS_HINT = "see its log: fnt local logs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the personal server is, and the token of its only user."""

    url: str
    token: str = field(repr=False)
    token_file: Path


class LocalServer:
    """The personal server of one folder.

    Its process holds `server.lock` from before it starts until it is gone, however it ends: who
    can lock it knows that no server runs. Clients share `in-use.lock`, which an idle server must
    lock for itself before it ends: so it never ends under one that has just found it.
    """

    def __init__(
        self,
        folder: LocalFolder,
        *,
        environ: Mapping[str, str],
        program: Sequence[str] = process.PROGRAM,
    ) -> None:
        self.folder = folder
        self._program = program
        self._environ = environ

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> LocalServer | None:
        """Return the user's own, or None on a system that cannot have one; raises SetupError."""
        if sys.platform == "win32":
            return None
        return cls(LocalFolder.of_user(environ), environ=environ)

    @contextmanager
    def using(
        self, *, may_start: bool, idle_s: float, tell_start: Callable[[], None]
    ) -> Iterator[Endpoint]:
        """Keep the server running for the block, started if need be; raises FntError."""
        self.folder.prepare()
        with locks.closing(self._lock_in_use()):
            state = self._ready(may_start=may_start, idle_s=idle_s, tell_start=tell_start)
            endpoint = Endpoint(
                url=state.url, token=self.folder.token(), token_file=self.folder.token_file
            )
            with self._restarted_if_killed(idle_s) if may_start else nullcontext():
                yield endpoint

    def running(self) -> ServerState | None:
        """Return what is known of the server if it runs, however little; with pid 0 if nothing."""
        if not self.folder.path.is_dir() or not locks.is_locked(self.folder.server_lock):
            return None
        return self.folder.state() or ServerState(pid=self.folder.server_pid(), version="")

    def is_needed(self) -> bool:
        """Return whether a command still needs the server, running or not."""
        if not self.folder.in_use_lock.exists():
            return False
        if (lock := locks.try_lock(self.folder.in_use_lock)) is None:
            return True
        with locks.closing(lock):
            return False

    def stop(self) -> bool:
        """Stop the server; False if it does not run. Raises TemporaryError if it does not end."""
        ends = time.monotonic() + STOP_WITHIN_S
        while (state := self.running()) is not None:
            for pid in (self.folder.server_pid(), state.pid):
                with suppress(ProcessLookupError):  # it is only being started, or gone
                    self._end(pid)
                    return True
            if time.monotonic() > ends:
                raise TemporaryError("the personal server did not stop", hint=LOGS_HINT)
            time.sleep(POLL_EVERY_S)
        return False

    def _end(self, pid: int) -> None:
        """End the server's process; raises ProcessLookupError if it is another's."""
        with closing(process.ServerProcess(pid, self.folder)) as server:
            server.send(signal.SIGTERM)
            if not self._ended(within_s=STOP_WITHIN_S):
                server.send(signal.SIGKILL)
                self._ended(within_s=ENDS_WITHIN_S)

    @contextmanager
    def _restarted_if_killed(self, idle_s: float) -> Iterator[None]:
        """Start a server that is killed during the block once more, on its port.

        One that ends by itself or is stopped removes its state first.
        """
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(LOOK_EVERY_S):
                with suppress(SetupError):
                    if (lock := locks.try_lock(self.folder.server_lock)) is None:
                        continue
                    with locks.closing(lock):
                        if self.folder.state() is not None:
                            self._spawn(lock, idle_s).wait()
                return

        threading.Thread(target=watch, name="local server watch", daemon=True).start()
        try:
            yield
        finally:
            is_over.set()

    def _ended(self, *, within_s: float) -> bool:
        ends = time.monotonic() + within_s
        while self.running() is not None:
            if time.monotonic() > ends:
                return False
            time.sleep(POLL_EVERY_S)
        return True

    def _lock_in_use(self) -> int:
        ends = time.monotonic() + READY_WITHIN_S
        while (lock := locks.try_lock(self.folder.in_use_lock, shared=True)) is None:
            _wait_until(ends)  # an idle server is ending
        return lock

    def _ready(
        self, *, may_start: bool, idle_s: float, tell_start: Callable[[], None]
    ) -> ServerState:
        ends = time.monotonic() + READY_WITHIN_S
        while True:
            lock = locks.try_lock(self.folder.server_lock)
            if lock is None:
                state = self.folder.state()
                if state is not None and _listens(state.url):
                    if not may_start or not _is_older(state.version):
                        return state
                    self.stop()  # jobs resume and clients reconnect when the newer one is ready
                _wait_until(ends)
                continue
            with locks.closing(lock):
                if not may_start:
                    raise TemporaryError(
                        "the personal server is not running",
                        hint="start it with, for example: fnt jobs list --server local",
                        code="UNREACHABLE",
                    )
                child = self._spawn(lock, idle_s)
            tell_start()
            return self._started(child, ends)

    def _spawn(self, lock: int, idle_s: float) -> subprocess.Popen[bytes]:
        return process.spawn(
            self._program, self.folder, lock=lock, idle_s=idle_s, environ=self._environ
        )

    def _started(self, child: subprocess.Popen[bytes], ends: float) -> ServerState:
        """Wait until the server is ready; one whose start is interrupted does not stay."""
        try:
            while child.poll() is None:
                state = self.folder.state()
                if state is not None and state.pid == child.pid and state.url:
                    # It stays when this process ends; if it ends first, it leaves no zombie.
                    threading.Thread(target=child.wait, name="local server", daemon=True).start()
                    return state
                _wait_until(ends)
        except BaseException:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(ENDS_WITHIN_S)
            raise
        raise SetupError(
            f"the personal server did not start: {process.cause_of_death(self.folder)}",
            hint=LOGS_HINT,
        )


def require_running(folder: LocalFolder, url: str) -> None:
    """Raise TemporaryError unless it is the server of this folder that listens at a URL."""
    state = folder.state() if locks.is_locked(folder.server_lock) else None
    if state is None or state.url != url:
        raise TemporaryError(
            "the personal server has stopped", hint="run the command again", code="UNREACHABLE"
        )


def _wait_until(ends: float) -> None:
    if time.monotonic() > ends:
        raise TemporaryError(
            "the personal server does not answer", hint="run: fnt local stop", code="UNREACHABLE"
        )
    time.sleep(POLL_EVERY_S)


def _listens(url: str) -> bool:
    """Return whether somebody accepts connections; not so for what an earlier server told."""
    with suppress(OSError, ValueError):
        parts = urlsplit(url)
        if parts.port:
            socket.create_connection(("127.0.0.1", parts.port), timeout=1.0).close()
            return True
    return False


def _is_older(version: str) -> bool:
    return _numbers(version) < _numbers(__version__)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]+", version)[:3]]
