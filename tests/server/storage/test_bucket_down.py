"""While the bucket is down, requests fail at once and nothing is lost."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from e2e.proxy import FaultProxy, proxied
from fnt.wire import paths
from fnt_server.config import Config
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.jobs import leases
from fnt_server.web.janitor import sweep
from fnt_server.worker.step_runner import StepRunner
from pdfs import make_pdf
from server.api_client import (
    ApiUser,
    assert_refused,
    make_api_user,
    run_to_end,
    services_of,
)
from server.conftest import running_app
from server.records import fetch, fetch_steps
from server.services import BrokerProcess, bucket_environ

LINE = {
    "text": "Il dort.",
    "words": 2,
    "source": "Il dort.",
    "page": 1,
    "chapter": None,
    "engine": "rules",
}


@pytest.fixture
def link(bucket_url: str) -> Iterator[FaultProxy]:
    """The connection to the bucket."""
    port = urlsplit(os.environ["AWS_ENDPOINT_URL"]).port
    assert port
    with proxied(port) as link:
        yield link


def cut(link: FaultProxy) -> None:
    """Cut the connection to the bucket."""
    link.faults.refuse = True
    link.reset_all()


@pytest.fixture
def ann(
    tmp_path: os.PathLike[str], broker_process: BrokerProcess, bucket_url: str, link: FaultProxy
) -> Iterator[ApiUser]:
    """A user of a server whose bucket is behind the link."""
    environ = {
        "FNT_DATA_DIR": str(tmp_path),
        "FNT_BROKER_URL": broker_process.url,
        "FNT_STORAGE_URL": f"{bucket_url}/{secrets.token_hex(4)}",
    }
    config = Config.from_env(environ)
    database = Database(config.database_url)
    schema.migrate(database)
    database.dispose()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in bucket_environ(link.url).items():
            patch.setenv(name, value)
        with running_app(config) as app:
            yield make_api_user(app)


def test_requests_are_told_and_succeed_later(ann: ApiUser, link: FaultProxy) -> None:
    done, waiting = ann.job(), ann.confirm().json["job_id"]
    run_to_end(services_of(ann.app), done, [LINE])
    cut(link)

    for answer in (
        ann.upload(waiting),
        ann.get(paths.job(done, "result")),
    ):
        assert_refused(answer, 503, "UNAVAILABLE")
        assert answer.headers["Retry-After"]

    assert ann.delete(paths.job(done)).status_code == 204
    link.faults.refuse = False
    assert ann.upload(waiting).status_code == 202
    assert sweep(services_of(ann.app).database, services_of(ann.app).storage, older_than_s=-1)


def test_a_step_waits_for_the_bucket(ann: ApiUser, link: FaultProxy) -> None:
    """It is the storage that failed, not the book: no attempt is counted."""
    found = services_of(ann.app)
    job_id = ann.job(content=make_pdf())
    cut(link)
    runner = StepRunner(
        found.config,
        database=found.database,
        storage=found.storage,
        publisher=found.publisher,
        owner="w",
    )
    runner.run_ready()
    runner.close()

    assert fetch(found.database, job_id).error_code is None
    assert [step.attempts for step in fetch_steps(found.database, job_id)] == [0]
    assert leases.count_ready(found.database, for_s=0) == 0
