"""Serves the app with gunicorn: one process, a thread for each socket and some for REST."""

from __future__ import annotations

import os
import threading
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from fnt_server.app import create_app
from fnt_server.config import Config
from fnt_server.door import UNNAMED_SOCKETS

REST_THREADS = 32
GRACE_S = 2
DRAIN_RETRY_S = 2.0
"""Clients are told to come back after so long: by then a restarted server answers."""


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Tells its sockets that it is about to stop, before it does."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Answer SIGTERM."""
        threading.Thread(target=self._drain, daemon=True).start()
        super().handle_exit(sig, frame)

    def _drain(self) -> None:
        self.wsgi.extensions["fnt.housekeeping"].drain(retry_in_s=DRAIN_RETRY_S)


class _WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, config: Config, *, bind: str) -> None:
        self._fnt_config = config
        self._bind = bind
        super().__init__()

    def load_config(self) -> None:
        threads = self._fnt_config.max_sockets + UNNAMED_SOCKETS + REST_THREADS
        settings = {
            "bind": self._bind,
            "workers": 1,
            "worker_class": "fnt_server.web.DrainingWorker",
            "threads": threads,
            "worker_connections": threads * 2,
            "backlog": 2048,
            "graceful_timeout": GRACE_S,
            "timeout": 60,
            "keepalive": 30,
            "accesslog": "-",
            "access_log_format": '%(h)s "%(r)s" %(s)s %(b)s %(M)sms',
            "loglevel": "warning",
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        app = create_app(self._fnt_config)
        _listen_at_once(app.extensions["socketio"].server)
        return app


def _listen_at_once(server: Any) -> None:
    """Hear the other processes' events from now on.

    The library would wait for the first client, who could then miss what happens before the
    subscription is made.
    """
    server.manager_initialized = True
    server.manager.initialize()


def run_web(config: Config, *, fd: int | None = None) -> None:
    """Serve until told to stop (SIGTERM), on a socket already open or on host and port."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    os.environ.pop("GUNICORN_CMD_ARGS", None)
    _WebServer(config, bind=f"fd://{fd}" if fd is not None else f"{host}:{config.port}").run()
