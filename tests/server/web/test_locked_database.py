"""Requests while somebody else holds the lock of the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import text

from fnt.wire import paths
from server.api_client import make_api_user, services_of


@pytest.mark.faults
def test_a_locked_database_is_503_or_slow_and_loses_nothing(app: Flask) -> None:
    """Every kind of request while somebody else holds the lock for longer than we wait."""
    ann, services = make_api_user(app, password=True), services_of(app)
    login = {"email": ann.email, "password": "correct horse battery"}
    ann.token = ann.post(paths.LOGIN, json=login).json["access_token"]
    kept, fresh = ann.job(), ann.confirm().json["job_id"]
    acts = {
        "list": lambda: ann.get(paths.JOBS),
        "confirm": lambda: ann.confirm("while-locked"),
        "upload": lambda: ann.upload(fresh),
        "cancel": lambda: ann.post(paths.job(kept, "cancel")),
        "login": lambda: ann.post(paths.LOGIN, json=login),
        "me": lambda: ann.get(paths.ME),
    }
    refused = Event()
    with ThreadPoolExecutor(len(acts)) as pool, services.database.write() as session:
        if not services.database.is_sqlite:
            session.execute(text("LOCK TABLE jobs, steps, logins IN ACCESS EXCLUSIVE MODE"))
        answers = {name: pool.submit(act) for name, act in acts.items()}
        answers["confirm"].add_done_callback(lambda _: refused.set())
        assert refused.wait(40)
        assert answers["confirm"].result().status_code == 503
        assert answers["confirm"].result().headers["Retry-After"]
    statuses = {name: answer.result().status_code for name, answer in answers.items()}

    assert set(statuses.values()) <= {200, 201, 202, 503}, statuses
    assert ann.confirm("while-locked").status_code == 201
    assert ann.upload(fresh).status_code == 202
    assert {fresh, kept} <= {job["id"] for job in ann.get(paths.JOBS).json["jobs"]}
