"""Runs the app under gunicorn: one process, one thread per socket and some for REST."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
from functools import partial
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from fnt import __version__
from fnt_server.concurrency import GEVENT, THREADS
from fnt_server.config import Config
from fnt_server.monitoring import exporter
from fnt_server.monitoring.exporter import DatabaseCollector
from fnt_server.web.app import create_app
from fnt_server.web.background import DRAIN_RETRY_S
from fnt_server.web.io_timeouts import StallGuard
from fnt_server.web.lingering_close import LingeringCloser
from fnt_server.web.sockets.transport import HANDSHAKE_SLOTS

log = logging.getLogger(__name__)

WORKERS = {
    THREADS: "fnt_server.web.gunicorn_server.DrainingThreadWorker",
    GEVENT: "fnt_server.web.gevent_worker.DrainingGeventWorker",
}
REST_THREADS = 32


class DrainingThreadWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Announces a shutdown to its sockets before it stops."""

    def init_process(self) -> None:
        """Start serving; never returns."""
        gc.freeze()  # keep memory from before the fork shared: collecting would write to it
        self._closer = LingeringCloser()
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Answer a request, whose head must arrive in time: it already occupies a thread."""
        within_s = self.wsgi.extensions["fnt"].config.stalled_after_s
        with StallGuard(conn.sock, stalled_after_s=within_s) as conn.guard:
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head has arrived."""
        conn.guard.end()
        return super().handle_request(req, conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep or close a connection; gunicorn would wait for its client in the only event loop."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._closer.close(conn.sock, partial(self.method_queue.defer, self._count_closed))

    def _count_closed(self) -> None:
        self.nr_conns -= 1

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM."""
        threading.Thread(target=self._drain, daemon=True).start()
        super().handle_exit(sig, frame)

    def _drain(self) -> None:
        self.wsgi.extensions["fnt.background"].drain(retry_in_s=DRAIN_RETRY_S)


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Finishes requests in progress on the first signal, and stops at once on the second."""

    def stop(self, graceful: bool = True) -> None:
        """Stop the web process."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, self._end_at_once)
        super().stop(graceful)

    def _end_at_once(self, number: int, _frame: FrameType | None) -> None:
        self.kill_workers(signal.SIGKILL)
        os._exit(128 + number)


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
        threads = self._fnt_config.max_sockets + HANDSHAKE_SLOTS + REST_THREADS
        settings = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": WORKERS[self._fnt_config.worker_class],
            "threads": threads,
            "worker_connections": threads * 2,
            "backlog": 2048,
            "graceful_timeout": self._fnt_config.drain_s,
            "timeout": 60,
            "keepalive": 30,
            "logger_class": _Log,
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
        connections = app.extensions["fnt.connections"]
        sockets = partial(len, connections)
        exporter.serve(
            self._metrics, DatabaseCollector(app.extensions["fnt"].database, sockets=sockets)
        )
        return app


def _subscribe_to_events(server: Any) -> None:
    """Subscribe to the events of other processes now.

    The library would wait for the first client, which could miss events until the subscription
    is made.
    """
    server.manager_initialized = True
    server.manager.initialize()


def _address(fd: int) -> str:
    """Return where a socket listens that was opened by the supervisor."""
    with socket.socket(fileno=os.dup(fd)) as listener:
        host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def run_web(config: Config, *, fd: int | None = None) -> None:
    """Serve until SIGTERM, on an open socket (`fd`) or on host and port."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    bind = f"fd://{fd}" if fd is not None else f"{host}:{config.port}"
    log.info(
        "web started: version %s, listening on %s, %s, up to %d sockets",
        __version__, _address(fd) if fd is not None else bind, config.worker_class,
        config.max_sockets,
    )  # fmt: skip
    _WebServer(config, bind=bind).run()
