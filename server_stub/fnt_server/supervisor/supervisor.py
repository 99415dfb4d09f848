"""`fnt-server run`: starts broker, web and worker, restarts them, stops them."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import socket
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from fnt.wire import paths
from fnt_server.auth.tokens import load_key
from fnt_server.config import METRICS_FILES, Config, ConfigError
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.jobs import leases, worker_registry
from fnt_server.messaging import broker
from fnt_server.monitoring import exporter
from fnt_server.storage.write_probe import require_storage
from fnt_server.supervisor import embedded_broker
from fnt_server.supervisor.child_process import Child
from fnt_server.supervisor.orphan_killer import OrphanKiller
from fnt_server.supervisor.restart_policy import WORKER_SILENT_S

log = logging.getLogger(__name__)

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 2.5
CHILD_DRAIN_S = 2
POLL_EVERY_S = 0.1
SOCKET_WITHIN_S = 10.0
"""Time a broker has to listen after its start; one with much data to read takes a while."""


class Supervisor:
    """Starts the children, waits until each answers, keeps them alive, stops them."""

    def __init__(self, config: Config, *, echo: Callable[[str], None]) -> None:
        self._config = config
        self._echo = echo
        # Not an Event: a signal handler that runs while its lock is held would deadlock.
        self._is_stopping = False
        self._worker_id = ""
        self._socket_path: Path | None = None
        self._children: dict[str, Child] = {}
        self._worker_checked_at = time.monotonic()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; raises ConfigError if it cannot start."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop_soon)
        with (
            _locked(self._config.data_dir),
            _listening(self._config.host, self._config.port) as listener,
            contextlib.closing(OrphanKiller()) as orphan_killer,
        ):
            # A child would report this too, but exit and be restarted forever.
            assert self._config.secret_key_file
            load_key(self._config.secret_key_file)
            if metrics := exporter.listen(self._config.metrics_port):
                metrics.close()
            require_storage(self._config.storage_url)
            self._database = Database(self._config.database_url)
            schema.migrate(self._database)
            self._make_children(listener, orphan_killer)
            try:
                self._keep_alive(listener)
            finally:
                self._stop_all()
                self._database.dispose()
                if self._socket_path:
                    embedded_broker.remove_socket(self._socket_path)

    def _stop_soon(self, *_: object) -> None:
        self._is_stopping = True

    def _make_children(self, listener: socket.socket, orphan_killer: OrphanKiller) -> None:
        config, environ = self._config, dict(os.environ)
        if config.is_embedded:
            path = self._socket_path = embedded_broker.socket_path(config.data_dir)
            config = replace(config, broker_url=f"unix://{path}")
            config = replace(config, events_url=config.events_url or config.broker_url)
            command = embedded_broker.broker_command(config.data_dir / "broker", path)
            self._children["broker"] = Child(
                "broker", command, environ=environ, orphan_killer=orphan_killer
            )
        self._config = config = replace(config, drain_s=min(config.drain_s, CHILD_DRAIN_S))
        environ |= config.to_env()
        if config.metrics_port:
            # The web process exports the counts of all processes.
            environ[METRICS_FILES] = str(_emptied(config.data_dir / "metrics"))
        fnt_server, fd = [sys.executable, "-m", "fnt_server"], listener.fileno()
        self._children["web"] = Child(
            "web", [*fnt_server, "web", "--fd", str(fd)], environ=environ,
            orphan_killer=orphan_killer, fds=[fd],
        )  # fmt: skip
        self._children["worker"] = Child(
            "worker",
            [*fnt_server, "worker"],
            environ={**environ, "FNT_METRICS_PORT": "0"},
            orphan_killer=orphan_killer,
        )

    def _keep_alive(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        deadline, ready = time.monotonic() + READY_WITHIN_S, False
        while not self._is_stopping:
            for child in self._children.values():
                self._restart_if_dead(child)
            if not ready:
                ready = self._is_ready(url)
                if ready:
                    self._echo(f"ready {url}")
                elif time.monotonic() > deadline:
                    raise ConfigError(f"not ready after {READY_WITHIN_S:.0f} s: see the log above")
            else:
                self._check_worker()
                self._check_socket()
            time.sleep(POLL_EVERY_S)

    def _restart_if_dead(self, child: Child) -> None:
        if child.has_died:
            status = child.reap()
            log.warning("%s exited with status %d, restarting it", child.name, status)
            if child.name == "worker":
                self._release_steps()
            elif child.name == "broker" and status > 0 and child.failures > 1:
                embedded_broker.quarantine(self._config.data_dir / "broker")
        if child.is_due:
            if child.name == "worker":
                self._worker_id = uuid.uuid4().hex
                self._worker_checked_at = time.monotonic()
            child.start(FNT_WORKER_ID=self._worker_id)

    def _is_ready(self, url: str) -> bool:
        return (
            broker.answers(self._config.broker_url)
            and self._worker_id
            in worker_registry.live_workers(self._database, within_s=READY_WITHIN_S)
            and _answers(url + paths.HEALTH)
        )

    def _check_worker(self) -> None:
        """Restart the worker if its heartbeat is missing although the broker answers."""
        if time.monotonic() - self._worker_checked_at < WORKER_SILENT_S:
            return
        self._worker_checked_at = time.monotonic()
        try:
            alive = worker_registry.live_workers(self._database, within_s=WORKER_SILENT_S)
        except SQLAlchemyError:
            return
        if self._worker_id not in alive and broker.answers(self._config.broker_url):
            log.warning("worker heartbeat missing for %.0f s, restarting it", WORKER_SILENT_S)
            self._children["worker"].send_signal(signal.SIGKILL)

    def _check_socket(self) -> None:
        """Restart the broker if somebody removed its socket: nobody could connect any more."""
        broker_child = self._children.get("broker")
        if not self._socket_path or not broker_child or not broker_child.is_alive:
            return
        if broker_child.age_s > SOCKET_WITHIN_S and not self._socket_path.exists():
            log.warning("the broker's socket %s was removed, restarting it", self._socket_path)
            broker_child.send_signal(signal.SIGTERM)

    def _release_steps(self) -> None:
        try:
            leases.release_all(self._database, worker_id=self._worker_id)
        except SQLAlchemyError as error:
            log.warning("steps will be retried after lease expiry: %s", type(error).__name__)

    def _stop_all(self) -> None:
        first = [c for n, c in self._children.items() if n != "broker"]
        _stop(first, within_s=STOP_WITHIN_S)
        self._release_steps()
        _stop([c for n, c in self._children.items() if n == "broker"], within_s=1.0)


def _stop(children: list[Child], *, within_s: float) -> None:
    for child in children:
        child.send_signal(signal.SIGTERM)
    ends = time.monotonic() + within_s
    while any(child.is_alive for child in children) and time.monotonic() < ends:
        time.sleep(0.02)
    for child in children:
        if child.is_alive or child.has_died:
            child.reap()


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(data_dir / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {data_dir} ({error.strerror}): choose a folder with --data-dir"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ConfigError(f"another fnt-server is using {data_dir}: stop it first") from None
    try:
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open the listening socket here, so that a restarted web loses no connections."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"cannot listen on {host}:{port} ({reason}): choose a free port with --port"
        ) from error
    with listener:
        listener.set_inheritable(True)
        yield listener


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1.0) as answer:  # noqa: S310 -- our own http URL
            return bool(answer.status == 200)
    except OSError:
        return False
