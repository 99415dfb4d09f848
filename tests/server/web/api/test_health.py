"""Health and the headers every answer carries."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from flask import Flask

from e2e.harness import wait_for
from fnt import __version__
from fnt.wire import paths
from fnt_server.db.connection import Database
from fnt_server.db.models import Worker
from fnt_server.jobs import worker_registry
from fnt_server.monitoring import health_checks
from fnt_server.monitoring.health_checks import PeriodicProbe
from server.aging import make_older
from server.api_client import assert_refused, make_api_user, services_of


def test_health_without_token_tells_little(app: Flask) -> None:
    response = app.test_client().get(paths.HEALTH)

    assert response.status_code == 200
    assert set(response.json) == {"status", "service", "capabilities"}
    assert response.json["service"] == "fnt-server"
    assert "device_login" in response.json["capabilities"]


def test_health_with_a_token_tells_what_was_checked(app: Flask) -> None:
    caller, database = make_api_user(app), services_of(app).database

    def checks() -> dict[str, Any]:
        worker_registry.heartbeat(database, "live", slots=2)
        found: dict[str, Any] = caller.get(paths.HEALTH).json["checks"]
        return found

    wait_for(
        lambda: checks()["workers"] == 1 and checks()["storage"] == "ok",
        within_s=20,
        what="the worker and the storage are seen",
    )
    told = checks()
    connections = {
        name: told.pop(name, None) for name in ("database_connections", "max_database_connections")
    }
    make_older(database, Worker.seen_at, seconds=60)

    assert told == {
        "database": "ok",
        "broker": "ok",
        "workers": 1,
        "events": "down",  # this app subscribes with its first client
        "storage": "ok",
        "reaper": "ok",
    }
    assert caller.get(paths.HEALTH).json["version"] == __version__
    if database.is_sqlite:
        assert set(connections.values()) == {None}
    else:
        assert 0 < connections["database_connections"] <= connections["max_database_connections"]


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


def test_what_was_seen_long_ago_is_no_longer_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe that hangs must not leave its last result standing."""
    monkeypatch.setattr(health_checks, "STALE_AFTER_S", 0.1)
    seen, let_go = Event(), Event()

    def look() -> int:
        if seen.is_set():
            let_go.wait(20)
        seen.set()
        return 7

    probe = PeriodicProbe("test", look, every_s=0.2)
    try:
        wait_for(lambda: probe.result() == 7, within_s=10, what="a result")
        wait_for(lambda: probe.result() is None, within_s=10, what="the result is too old")
        assert not probe.has_succeeded()
    finally:
        probe.close()
        let_go.set()
