"""`fnt-server run`: starts broker, web and worker, restarts them, stops them."""

from __future__ import annotations

import contextlib
import gc
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from fnt.wire import paths
from fnt_server.auth.tokens import load_key
from fnt_server.concurrency import GEVENT
from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from fnt_server.config.listen_address import PORT_HINT, open_listener
from fnt_server.config.shutdown_timeout import ShutdownTimeout
from fnt_server.db import schema
from fnt_server.db.connection import COMMAND, Database
from fnt_server.failure_reasons import reason
from fnt_server.hangup import on_hangup
from fnt_server.jobs import leases, worker_registry
from fnt_server.messaging import broker_probe
from fnt_server.monitoring import exporter
from fnt_server.monitoring.system_requirements import require_system
from fnt_server.storage.write_probe import require_storage
from fnt_server.supervisor import embedded_broker
from fnt_server.supervisor.child_process import Child, Process
from fnt_server.supervisor.data_lock import lock_data_dir
from fnt_server.supervisor.forked_process import ForkedProcess
from fnt_server.supervisor.orphan_killer import OrphanKiller
from fnt_server.supervisor.restart_policy import WORKER_SILENT_S

log = logging.getLogger(__name__)

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 2.5
CHILD_DRAIN_S = 2
POLL_EVERY_S = 0.1
POLL_BEFORE_READY_S = 0.02
SOCKET_WITHIN_S = 10.0
"""Time a broker has to listen after its start; one with much data to read takes a while."""


class Programs(Protocol):
    """What the children run; each returns at the end of its process."""

    def web(self, config: Config, *, fd: int) -> None:
        """Serve on an open socket."""

    def worker(self, config: Config, *, worker_id: str) -> None:
        """Run steps."""


class Supervisor:
    """Starts the children, waits until each answers, keeps them alive, stops them."""

    def __init__(
        self,
        config: Config,
        *,
        programs: Programs,
        echo: Callable[[str], None],
        is_idle: Callable[[Database], bool] = lambda _: False,
    ) -> None:
        self._config = config
        self._is_idle = is_idle
        self._programs = programs
        self._echo = echo
        # Not an Event: a signal handler that runs while its lock is held would deadlock.
        self._is_stopping = False
        self._worker_id = ""
        self._socket_path: Path | None = None
        self._children: dict[str, Child] = {}
        self._worker_checked_at = time.monotonic()

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or idle; raises ConfigError if it cannot start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_soon)
        signal.signal(signal.SIGHUP, on_hangup())
        with (
            lock_data_dir(self._config),
            open_listener(self._config.host, self._config.port, hint=PORT_HINT) as listener,
            contextlib.closing(OrphanKiller()) as orphan_killer,
        ):
            listener.set_inheritable(True)  # a restarted web loses no connections
            require_system(self._config)
            # A child would report this too, but exit and be restarted forever.
            load_key(self._config.secret_key_file)
            if metrics := exporter.listen(self._config.metrics_port):
                metrics.close()
            require_storage(self._config.storage_url)
            self._database = Database(self._config.database_url, pool=COMMAND)
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
        config = self._config
        make = partial(Child, orphan_killer=orphan_killer)
        if config.is_embedded:
            path = self._socket_path = embedded_broker.socket_path(config.data_dir)
            config = replace(config, broker_url=f"unix://{path}")
            config = replace(config, events_url=config.events_url or config.broker_url)
            command = embedded_broker.broker_command(config.data_dir / "broker", path)
            self._children["broker"] = make("broker", partial(_execute, command))
        self._config = config = replace(
            config, shutdown=ShutdownTimeout(drain_s=min(config.shutdown.drain_s, CHILD_DRAIN_S))
        )
        self._children["web"] = make("web", partial(self._start_web, listener.fileno()))
        self._children["worker"] = make("worker", self._start_worker)
        gc.freeze()  # keep memory shared: collecting would write to it

    def _start_web(self, fd: int) -> Process:
        if self._config.worker_class == GEVENT:  # patches what is imported here already
            command = [sys.executable, "-m", "fnt_server", "web", "--fd", str(fd)]
            return _execute(command, environ=self._config.to_env(), fds=[fd])
        self._database.dispose()  # SQLite's locks do not survive a fork
        return ForkedProcess("web", partial(self._programs.web, self._config, fd=fd), fd=fd)

    def _start_worker(self) -> Process:
        self._database.dispose()
        self._worker_id = uuid.uuid4().hex
        self._worker_checked_at = time.monotonic()
        config = replace(self._config, metrics_port=0)  # web exports its counts
        run = partial(self._programs.worker, config, worker_id=self._worker_id)
        return ForkedProcess("worker", run)

    def _keep_alive(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()[:2]
        deadline, ready = time.monotonic() + READY_WITHIN_S, False
        while not self._is_stopping:
            for child in self._children.values():
                self._restart_if_dead(child)
            if not ready:
                ready = self._is_ready(host, port)
                if ready:
                    self._echo(
                        f"ready http://[{host}]:{port}"
                        if ":" in host
                        else f"ready http://{host}:{port}"
                    )
                elif time.monotonic() > deadline:
                    raise ConfigError(f"not ready after {READY_WITHIN_S:.0f} s: see the log above")
            else:
                self._check_worker()
                self._check_socket()
                if self._is_idle(self._database):
                    log.info("idle, stopping")
                    self._is_stopping = True
            time.sleep(POLL_EVERY_S if ready else POLL_BEFORE_READY_S)

    def _restart_if_dead(self, child: Child) -> None:
        if child.has_died:
            status = child.reap()
            log.warning("%s exited with status %d, restarting it", child.name, status)
            if child.name == "worker":
                self._release_steps()
            elif child.name == "broker" and status > 0 and child.failures > 1:
                embedded_broker.quarantine(self._config.data_dir / "broker")
        if child.is_due:
            child.start()

    def _is_ready(self, host: str, port: int) -> bool:
        return (
            broker_probe.answers(self._config.broker_url)
            and self._worker_id
            in worker_registry.live_workers(self._database, within_s=READY_WITHIN_S)
            and _answers(host, port)
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
        if self._worker_id not in alive and broker_probe.answers(self._config.broker_url):
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
            log.warning("steps will be retried after lease expiry: %s", reason(error))

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


def _execute(
    command: Sequence[str], *, environ: Mapping[str, str] | None = None, fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program; its output goes to our standard error."""
    return subprocess.Popen(
        command,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        pass_fds=fds,
        start_new_session=True,
    )


def _answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=1.0)
    try:
        connection.request("GET", paths.HEALTH)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
