"""Builds the Flask app with Socket.IO, its services and background threads."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, g, request
from flask_socketio import SocketIO
from werkzeug.middleware.proxy_fix import ProxyFix

from fnt.wire.events import SOCKET_PATH
from fnt.wire.paths import API
from fnt_server import logs
from fnt_server.auth.device_logins import DeviceAuthorization
from fnt_server.auth.logins import Authenticator
from fnt_server.auth.tokens import TokenSigner, load_key
from fnt_server.concurrency import GEVENT
from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.jobs.reaper import Reaper
from fnt_server.messaging.broker import make_manager
from fnt_server.messaging.event_bus import make_publisher
from fnt_server.monitoring.health_checks import TimedProbe
from fnt_server.storage.object_store import NativeThreadStorage, Storage
from fnt_server.web.api import (
    auth,
    device_page,
    device_token,
    errors,
    health,
    jobs,
    openapi,
    rate_limits,
    results,
    upload,
)
from fnt_server.web.background import BackgroundTasks
from fnt_server.web.janitor import Janitor
from fnt_server.web.services import Services
from fnt_server.web.sockets import handlers
from fnt_server.web.sockets.registry import SocketRegistry
from fnt_server.web.sockets.transport import (
    HANDSHAKE_SLOTS,
    MAX_PACKET_BYTES,
    BoundedWebSocket,
    SocketLimitMiddleware,
)

log = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""The request ids that are accepted from a proxy."""
PING_EVERY_S = 8
PING_TIMEOUT_S = 4


class CompactJson:
    """JSON without spaces and escapes, to keep events small."""

    dumps = staticmethod(partial(json.dumps, ensure_ascii=False, separators=(",", ":")))
    loads = staticmethod(json.loads)


def create_app(config: Config) -> Flask:
    """Build the app with its services; `app.extensions` holds them as `fnt*`."""
    app = Flask("fnt_server", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.compact = True  # type: ignore[attr-defined]
    rate_limits.limiter.init_app(app)
    errors.install(app)
    for module in (health, auth, device_token, jobs, upload, results, openapi):
        app.register_blueprint(module.bp, url_prefix=API + (module.bp.url_prefix or ""))
    app.register_blueprint(device_page.bp)
    _track_requests(app)
    _install_services(app, config)
    return app


def _track_requests(app: Flask) -> None:
    @app.before_request
    def start() -> None:
        g.began = time.monotonic()
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16]
        logs.set_context(request_id=g.request_id, job_id=(request.view_args or {}).get("job_id"))

    @app.teardown_request
    def clear_context(_error: BaseException | None) -> None:
        logs.set_context()

    @app.after_request
    def finish(response: Response) -> Response:
        _log_request(response)
        response.headers["X-Request-Id"] = g.get("request_id", "")
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _log_request(response: Response) -> None:
    """Log a request, but nothing that an unauthenticated client could make up."""
    known = {
        "method": request.method if request.url_rule else "?",
        "path": request.path if request.url_rule else "?",
        "status": response.status_code,
        "ms": round((time.monotonic() - g.get("began", time.monotonic())) * 1000),
    }
    log.info("request", extra=known)


def _install_services(app: Flask, config: Config) -> None:
    manager = make_manager(config, write_only=False)
    socketio = SocketIO(
        app,
        async_mode="gevent" if config.worker_class == GEVENT else "threading",
        client_manager=manager,
        cors_allowed_origins=_origin_rule(config.cors_origins),
        transports=["websocket"],
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_TIMEOUT_S,
        max_http_buffer_size=MAX_PACKET_BYTES,
        manage_session=False,
        async_handlers=False,
        json=CompactJson,
        cookie=None,
        path=SOCKET_PATH,
    )
    socketio.server.eio._async = {**socketio.server.eio._async, "websocket": BoundedWebSocket}
    database = Database(config.database_url)
    assert config.secret_key_file
    signer = TokenSigner(load_key(config.secret_key_file))
    authenticator = Authenticator(database, signer, access_ttl_s=config.access_ttl_s)
    services = Services(
        config=config,
        database=database,
        database_probe=TimedProbe(database.answers),
        storage=(NativeThreadStorage if config.worker_class == GEVENT else Storage)(
            config.storage_url
        ),
        signer=signer,
        authenticator=authenticator,
        devices=DeviceAuthorization(
            database, signer, authenticator, interval_s=config.device_interval_s
        ),
        publisher=make_publisher(config, manager),
    )
    connections = SocketRegistry(
        max_sockets=config.max_sockets, max_sockets_per_user=config.max_sockets_per_user
    )
    app.extensions["fnt"] = services
    handlers.install(socketio, app, connections)
    app.wsgi_app = SocketLimitMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, max_sockets=config.max_sockets + HANDSHAKE_SLOTS
    )
    if config.proxies:
        # Otherwise all clients would share the proxy's address, and its limit on failed logins.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=0
        )
    app.extensions["fnt.reaper"] = reaper = Reaper(database, services.publisher)
    app.extensions["fnt.janitor"] = janitor = Janitor(database, services.storage)
    reaper.start()
    janitor.start()
    app.extensions["fnt.background"] = BackgroundTasks(socketio.server, connections, services)


def _origin_rule(allowed: tuple[str, ...]) -> Callable[[str | None, dict[str, Any]], bool]:
    """Allow clients without Origin, the server's own origin, and those configured.

    Forwarded headers are ignored: any client can send them.
    """

    def is_allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        own = f"{environ.get('wsgi.url_scheme')}://{environ.get('HTTP_HOST')}"
        return origin is None or origin == own or origin in allowed

    return is_allowed
