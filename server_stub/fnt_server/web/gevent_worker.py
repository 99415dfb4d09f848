"""The gevent worker class of gunicorn, for thousands of sockets per process."""

from __future__ import annotations

import gc
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker

from fnt_server.web.background import DRAIN_RETRY_S

GC_THRESHOLDS = (10_000, 10, 20)
"""Python's (700, 10, 10) walks through all objects of 5 000 sockets every few seconds: 650 ms in
which no event goes out. With these it happens after about 2 000 000 new objects, which is what
5 000 new sockets hold, and what a walk can free is freed by then."""


class DrainingGeventWorker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Tells its sockets that it is about to stop, before it does."""

    def init_process(self) -> None:
        """Begin to serve; never returns."""
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Answer SIGTERM."""
        gevent.spawn(self.wsgi.extensions["fnt.background"].drain, retry_in_s=DRAIN_RETRY_S)
        super().handle_exit(sig, frame)
