"""`/health`: the status of the server and what it depends on."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from msgspec import UNSET

from fnt import __version__
from fnt.wire import device
from fnt.wire.responses import Health, HealthChecks
from fnt_server.monitoring.health_checks import HealthReport
from fnt_server.web.api.request_parsing import require_identity
from fnt_server.web.services import services

bp = Blueprint("health", __name__)

CAPABILITIES = ("personal_tokens", "retry", "result_formats", device.CAPABILITY)


@bp.get("/health")
def health() -> tuple[dict[str, Any], int]:
    """Return the health of this server; 503 only if the database is down."""
    database, report = services().database_probe.run() is True, services().health.report()
    answer = Health(
        status="ok" if database and report.is_well else "degraded",
        service="fnt-server",
        capabilities=list(CAPABILITIES),
    )
    if request.headers.get("Authorization") and database:
        require_identity()
        answer = answer.replaced(version=__version__, checks=_checks(report))
    return answer.to_wire(), 200 if database else 503


def _checks(report: HealthReport) -> HealthChecks:
    def state(is_up: bool) -> str:
        return "ok" if is_up else "down"

    return HealthChecks(
        database="ok",
        broker=state(report.broker),
        workers=report.workers,
        events=state(report.events),
        storage=state(report.storage),
        reaper=state(report.reaper),
        database_connections=report.connections or UNSET,
        max_database_connections=report.max_connections or UNSET,
    )
