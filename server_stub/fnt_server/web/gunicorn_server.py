"""Runs the app under gunicorn: one process, one thread per socket and some for REST."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
from functools import partial
from types import FrameType
from typing import Any, ClassVar

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from fnt import __version__
from fnt_server.concurrency import GEVENT, THREADS
from fnt_server.config import Config
from fnt_server.config.listen_address import PORT_HINT, format_address, open_listener
from fnt_server.hangup import on_hangup
from fnt_server.monitoring import exporter
from fnt_server.monitoring.exporter import DatabaseCollector
from fnt_server.web.app import create_app
from fnt_server.web.request_limits import ANONYMOUS_REQUESTS, SPARE_THREADS, USER_REQUESTS
from fnt_server.web.sockets.socket_requests import MAX_UNAUTHENTICATED

log = logging.getLogger(__name__)

WORKERS = {
    THREADS: "fnt_server.web.thread_worker.DrainingThreadWorker",
    GEVENT: "fnt_server.web.gevent_worker.DrainingGeventWorker",
}
REST_THREADS = ANONYMOUS_REQUESTS + USER_REQUESTS + SPARE_THREADS


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Finishes requests in progress on the first signal, and stops at once on the second."""

    SIGNALS: ClassVar = [number for number in Arbiter.SIGNALS if number != signal.SIGHUP]
    """To gunicorn a hangup means to begin anew, which would read the same settings again."""

    def stop(self, graceful: bool = True) -> None:
        """Stop the web process."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self._end_at_once)
        super().stop(graceful)
        gc.freeze()  # or the interpreter collects all modules before it exits

    def _end_at_once(self, number: int, _frame: FrameType | None) -> None:
        self.kill_workers(signal.SIGKILL)
        os._exit(128 + number)


def _leave_hangup_to_arbiter(_worker: object) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


class _Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Uses the format of our own logs; requests are logged by the app."""

    def setup(self, _cfg: Any) -> None:
        """Pass everything to the root logger."""
        self._access_log_enabled = False
        self.error_log.propagate = True

    def warning(self, msg: str, *args: Any, **options: Any) -> None:
        """Log a warning, without quoting an invalid request."""
        super().warning(msg.partition(":")[0] if "request" in msg else msg, *args, **options)

    def exception(self, msg: str, *_args: Any, **_options: Any) -> None:
        """Log an exception, without the requested URL, which may contain a token."""
        super().exception(msg.replace("%s", "").strip())


class _WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, config: Config, *, bind: str) -> None:
        self._fnt_config = config
        self._bind = bind
        self._metrics = exporter.listen(config.metrics_port)
        super().__init__()

    def load_config(self) -> None:
        sockets = self._fnt_config.sockets
        # A socket that is upgraded polls on until then.
        per_socket = len(sockets.transports)
        threads = per_socket * (sockets.max_sockets + MAX_UNAUTHENTICATED) + REST_THREADS
        settings = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": WORKERS[self._fnt_config.worker_class],
            "threads": threads,
            "worker_connections": threads + self._fnt_config.connections.max_connections + 512,
            "backlog": 2048,
            "graceful_timeout": self._fnt_config.shutdown.drain_s,
            "timeout": 60,
            "keepalive": 30,
            "logger_class": _Log,
            "post_worker_init": _leave_hangup_to_arbiter,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Serve until SIGTERM."""
        _Arbiter(self).run()

    def load(self) -> Any:
        app = create_app(self._fnt_config)
        _subscribe_to_events(app.extensions["socketio"].server)
        services, connections = app.extensions["fnt"], app.extensions["fnt.connections"]
        sockets = partial(len, connections)
        exporter.serve(
            self._metrics,
            DatabaseCollector(services.database, sockets=sockets, health=services.health.report),
        )
        return app


def _subscribe_to_events(server: Any) -> None:
    """Subscribe to the events of other processes now.

    The library would wait for the first client, which could miss events until the subscription
    is made.
    """
    server.manager_initialized = True
    server.manager.initialize()


def run_web(config: Config, *, fd: int | None = None) -> None:
    """Serve until SIGTERM, on an open socket (`fd`) or on host and port.

    Raises ConfigError if it cannot listen there.
    """
    signal.signal(signal.SIGHUP, on_hangup())
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    listener = (
        open_listener(config.host, config.port, hint=PORT_HINT)
        if fd is None
        else socket.socket(fileno=fd)
    )
    log.info(
        "web started: version %s, listening on %s, %s, up to %d sockets by %s; %s",
        __version__, format_address(*listener.getsockname()[:2]), config.worker_class,
        config.sockets.max_sockets, " and ".join(config.sockets.transports), config.places,
    )  # fmt: skip
    _WebServer(config, bind=f"fd://{listener.detach()}").run()
