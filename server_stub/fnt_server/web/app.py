"""Builds the Flask app with Socket.IO, its services and background threads."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from functools import partial

import engineio.socket
from flask import Flask, Response, g, request
from flask_socketio import SocketIO
from werkzeug.middleware.proxy_fix import ProxyFix

from fnt.wire.events import SOCKET_PATH
from fnt.wire.paths import API
from fnt_server import logs
from fnt_server.auth import audit
from fnt_server.auth.device_logins import DeviceAuthorization
from fnt_server.auth.logins import Authenticator
from fnt_server.auth.tokens import TokenSigner, load_key
from fnt_server.concurrency import GEVENT
from fnt_server.config import Config
from fnt_server.config.socket_limits import WEBSOCKET
from fnt_server.db.connection import Database
from fnt_server.jobs.queries import stored_job
from fnt_server.jobs.reaper import Reaper
from fnt_server.messaging.event_bus import Publisher, make_publisher
from fnt_server.messaging.event_manager import EventManager, make_manager
from fnt_server.monitoring.health_checks import HealthMonitor, TimedProbe
from fnt_server.storage.object_store import NativeThreadStorage, Storage
from fnt_server.web import cross_site
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
    tokens,
    upload,
)
from fnt_server.web.background import BackgroundTasks
from fnt_server.web.host_check import HostCheck
from fnt_server.web.janitor import Janitor
from fnt_server.web.request_limits import RequestLimits
from fnt_server.web.services import Services
from fnt_server.web.sockets import handlers
from fnt_server.web.sockets.client_packet import ClientPacket
from fnt_server.web.sockets.engine_session import EngineSession
from fnt_server.web.sockets.event_limits import EventLimits
from fnt_server.web.sockets.registry import SocketRegistry
from fnt_server.web.sockets.socket_requests import SocketRequests
from fnt_server.web.sockets.transport import (
    MAX_PACKET_BYTES,
    BoundedWebSocket,
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
    _track_requests(app)
    cross_site.install(app, is_allowed=cross_site.origin_rule(config.cors_origins))
    rate_limits.limiter.init_app(app)
    errors.install(app)
    for module in (health, auth, tokens, device_token, jobs, upload, results, openapi):
        app.register_blueprint(module.bp, url_prefix=API + (module.bp.url_prefix or ""))
    app.register_blueprint(device_page.bp)
    _install_services(app, config)
    return app


def _track_requests(app: Flask) -> None:
    @app.before_request
    def start() -> None:
        g.began = time.monotonic()
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16]
        audit.address.set(request.remote_addr or "unknown")
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


def _make_socketio(app: Flask, config: Config, manager: EventManager) -> SocketIO:
    socketio = SocketIO(
        app,
        async_mode="gevent" if config.worker_class == GEVENT else "threading",
        client_manager=manager,
        cors_allowed_origins=cross_site.origin_rule(config.cors_origins),
        transports=list(config.sockets.transports),
        allow_upgrades=WEBSOCKET in config.sockets.transports,
        http_compression=False,
        ping_interval=PING_EVERY_S,
        ping_timeout=PING_TIMEOUT_S,
        max_http_buffer_size=MAX_PACKET_BYTES,
        manage_session=False,
        async_handlers=False,
        serializer=ClientPacket,
        json=CompactJson,
        cookie=None,
        path=SOCKET_PATH,
    )
    engineio.socket.Socket = EngineSession  # the library offers no other way
    socketio.server.eio._async = {**socketio.server.eio._async, "websocket": BoundedWebSocket}
    return socketio


def _install_services(app: Flask, config: Config) -> None:
    database = Database(config.database_url)
    manager = make_manager(config, read_job=partial(stored_job, database))
    socketio = _make_socketio(app, config, manager)
    publisher = make_publisher(config, manager)
    reaper = Reaper(database, publisher)
    services = _make_services(config, database, manager, publisher, reaper)
    janitor = Janitor(database, services.storage, keep_days=config.retention.keep_days)
    connections = SocketRegistry(config.sockets)
    event_limits = EventLimits()
    handlers.install(socketio, app, connections, event_limits)
    _limit_requests(
        app,
        services,
        SocketRequests(
            app.wsgi_app,
            engine=socketio.server.eio,
            events=event_limits,
            limits=config.sockets,
            stalled_after_s=config.uploads.stalled_after_s,
        ),
    )
    app.extensions |= {
        "fnt": services,
        "fnt.reaper": reaper,
        "fnt.janitor": janitor,
        "fnt.background": BackgroundTasks(socketio.server, connections, services),
    }
    reaper.start()
    janitor.start()


def _make_services(
    config: Config,
    database: Database,
    manager: EventManager,
    publisher: Publisher,
    reaper: Reaper,
) -> Services:
    signer = TokenSigner(load_key(config.secret_key_file))
    authenticator = Authenticator(database, signer, access_ttl_s=config.tokens.access_ttl_s)
    storage = (NativeThreadStorage if config.worker_class == GEVENT else Storage)(
        config.storage_url
    )
    return Services(
        config=config,
        database=database,
        database_probe=TimedProbe(database.answers),
        storage=storage,
        signer=signer,
        authenticator=authenticator,
        devices=DeviceAuthorization(
            database, signer, authenticator, interval_s=config.device_interval_s
        ),
        publisher=publisher,
        health=HealthMonitor(
            config,
            database=database,
            storage=storage,
            is_subscribed=manager.is_subscribed,
            is_reaping=reaper.is_well,
        ),
    )


def _limit_requests(app: Flask, services: Services, sockets: SocketRequests) -> None:
    """Put the limits before the app; a proxy's clients are told apart before them."""
    config = services.config
    app.wsgi_app = RequestLimits(  # type: ignore[method-assign]
        sockets,
        config=config,
        identify=services.authenticator.identify,
        socket_user=sockets.user,
    )
    if config.proxies:
        # Otherwise all clients would share the proxy's address, and its limit on failed logins.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app,
            x_for=config.proxies,
            x_proto=config.proxies,
            x_host=0,
            x_prefix=config.proxies,
        )
    app.wsgi_app = HostCheck(  # type: ignore[method-assign]
        app.wsgi_app, allowed=config.allowed_hosts
    )
