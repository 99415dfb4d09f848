"""The gevent worker class of gunicorn, for thousands of sockets per process."""

from __future__ import annotations

import gc
from typing import Any

import gevent
from gunicorn.workers.ggevent import GeventWorker

from fnt_server.web.background import DRAIN_RETRY_S

GC_THRESHOLDS = (10_000, 10, 20)
"""Python's defaults (700, 10, 10) scan all objects of 5 000 sockets every few seconds, and no event
is sent for 650 ms. With these, a full scan comes after about 2 000 000 new objects, which is what
5 000 new sockets hold."""


class DrainingGeventWorker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Announces a shutdown to its sockets before it stops."""

    def init_process(self) -> None:
        """Start serving; never returns."""
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM."""
        gevent.spawn(self.wsgi.extensions["fnt.background"].drain, retry_in_s=DRAIN_RETRY_S)
        super().handle_exit(sig, frame)
