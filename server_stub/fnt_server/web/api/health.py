"""Health: what is true of database, broker and workers, from the last look at them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from fnt import __version__
from fnt.wire import device
from fnt_server.web.api.request_parsing import require_identity
from fnt_server.web.services import services

bp = Blueprint("health", __name__)

CAPABILITIES = ("personal_tokens", "retry", "result_formats", device.CAPABILITY)


@bp.get("/health")
def health() -> tuple[dict[str, Any], int]:
    """Tell whether this server can do its work; 503 only when the database is down."""
    database, vitals = services().pulse.ask() is True, services().vitals
    vitals.forget_if_stale()
    well = database and vitals.broker and vitals.workers > 0
    answer: dict[str, Any] = {
        "status": "ok" if well else "degraded",
        "service": "fnt-server",
        "capabilities": list(CAPABILITIES),
    }
    if request.headers.get("Authorization") and database:
        require_identity()
        answer["version"] = __version__
        answer["checks"] = {
            "database": "ok",
            "broker": "ok" if vitals.broker else "down",
            "workers": vitals.workers,
        }
    return answer, 200 if database else 503
