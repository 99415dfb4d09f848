"""`/health`: the status of database, broker and workers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from fnt import __version__
from fnt.wire import device
from fnt.wire.responses import Health, HealthChecks
from fnt_server.web.api.request_parsing import require_identity
from fnt_server.web.services import services

bp = Blueprint("health", __name__)

CAPABILITIES = ("personal_tokens", "retry", "result_formats", device.CAPABILITY)


@bp.get("/health")
def health() -> tuple[dict[str, Any], int]:
    """Return the health of this server; 503 only if the database is down."""
    database, health_status = services().database_probe.run() is True, services().health_status
    health_status.reset_if_stale()
    well = database and health_status.broker and health_status.workers > 0
    answer = Health(
        status="ok" if well else "degraded",
        service="fnt-server",
        capabilities=list(CAPABILITIES),
    )
    if request.headers.get("Authorization") and database:
        require_identity()
        checks = HealthChecks(
            database="ok",
            broker="ok" if health_status.broker else "down",
            workers=health_status.workers,
        )
        answer = answer.replaced(version=__version__, checks=checks)
    return answer.to_wire(), 200 if database else 503
