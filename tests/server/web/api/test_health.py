"""Health and the headers every answer carries."""

from __future__ import annotations

import time

from flask import Flask

from fnt import __version__
from fnt.wire import paths
from fnt_server.db.connection import Database
from fnt_server.jobs import worker_registry
from fnt_server.monitoring.health_checks import STALE_AFTER_S, HealthStatus
from server.api_client import assert_refused, make_api_user, services_of


def test_health_without_token_tells_little(app: Flask) -> None:
    response = app.test_client().get(paths.HEALTH)

    assert response.status_code == 200
    assert set(response.json) == {"status", "service", "capabilities"}
    assert response.json["service"] == "fnt-server"
    assert "device_login" in response.json["capabilities"]


def test_health_with_a_token_tells_what_was_checked_at(app: Flask) -> None:
    services = services_of(app)
    app.extensions["fnt.background"].close()  # its next look would undo what is set here
    before = services.health_status.broker, services.health_status.workers
    try:
        services.health_status.broker, services.health_status.workers = True, 2
        services.health_status.checked_at = time.monotonic()
        response = make_api_user(app).get(paths.HEALTH)
    finally:
        services.health_status.broker, services.health_status.workers = before

    assert response.json["status"] == "ok"
    assert response.json["version"] == __version__
    assert response.json["checks"] == {"database": "ok", "broker": "ok", "workers": 2}


def test_health_is_degraded_without_workers(app: Flask) -> None:
    assert worker_registry.live_workers(services_of(app).database, within_s=1) == []

    assert app.test_client().get(paths.HEALTH).json["status"] == "degraded"


def test_health_with_a_bad_token_is_401(app: Flask) -> None:
    caller = make_api_user(app)
    caller.token = "x"

    assert_refused(caller.get(paths.HEALTH), 401, "TOKEN_INVALID")


def test_a_database_that_is_away_is_503_everywhere(app: Flask, tmp_path: object) -> None:
    """No answer says where the database is or what was asked of it."""
    services, caller = services_of(app), make_api_user(app)
    kept = services.database.engine
    try:
        services.database.engine = Database("sqlite:////nowhere/at/all.db").engine
        for method, path in (("GET", paths.JOBS), ("POST", paths.LOGIN), ("GET", paths.job(1))):
            body = {"email": "a@b.example", "password": "x"} if method == "POST" else None
            response = caller.ask(method, path, json=body)

            assert_refused(response, 503, "UNAVAILABLE")
            assert response.headers["Retry-After"] == "2"
        assert app.test_client().get(paths.HEALTH).status_code == 503
    finally:
        services.database.engine = kept


def test_every_answer_forbids_caching_and_guessing(app: Flask) -> None:
    caller = make_api_user(app)
    for response in (caller.get(paths.ME), caller.get(paths.job(1)), caller.get("/nothing")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert len(response.headers["X-Request-Id"]) == 16
        assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def test_what_was_seen_long_ago_is_no_longer_told() -> None:
    """A look that hangs must not leave its last finding standing."""
    fresh, old = (
        HealthStatus(broker=True, workers=2, checked_at=time.monotonic() - ago_s)
        for ago_s in (0, STALE_AFTER_S + 1)
    )
    fresh.reset_if_stale()
    old.reset_if_stale()

    assert (fresh.broker, fresh.workers) == (True, 2)
    assert (old.broker, old.workers) == (False, 0)
