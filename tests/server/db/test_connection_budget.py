"""Connections to PostgreSQL stay within the budget of `docs/sizing.md`, whatever happens."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import httpx
import psycopg
import pytest
from sqlalchemy import make_url

from fnt.wire import paths
from fnt.wire.job_status import JobStatus
from fnt_server.db.connection import COMMAND, SLOT, WEB
from pdfs import make_pdf
from server.own_services import own_postgresql
from server.processes import Deployment
from server.services import BrokerProcess

PAGE = Path(__file__).parents[3] / "docs" / "sizing.md"
CROWD = 60
SLOTS = 2
JOBS = 6
BY_NAME = "SELECT application_name, count(*) FROM pg_stat_activity GROUP BY 1"


def budget() -> dict[str, int]:
    """Return what the page allows."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \|$", text.partition("## Connections")[2], re.M)
    return {what.replace("`", ""): int(number) for what, number in rows}


def test_the_page_tells_the_sizes_of_the_pools() -> None:
    assert budget() == {
        "each web": WEB.size,
        "each slot of a worker": SLOT.size,
        "each command, run and the end of a worker": COMMAND.size,
    }


class Counting:
    """Counts the connections of each kind of process for as long as the block runs."""

    def __init__(self, url: str) -> None:
        self.most: Counter[str] = Counter()
        self._url = url
        self._ended = Event()
        self._thread = Thread(target=self._count)

    def __enter__(self) -> Counting:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _count(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ended.wait(0.02):
                for name, number in connection.execute(BY_NAME).fetchall():
                    self.most[name] = max(self.most[name], number)


@pytest.fixture
def url() -> Iterator[str]:
    with own_postgresql(max_connections=100) as url:
        yield url


@pytest.mark.faults
def test_a_crowd_and_busy_workers_stay_within_it(
    url: str, tmp_path: Path, broker_process: BrokerProcess
) -> None:
    deployment = Deployment(
        tmp_path,
        broker_url=broker_process.url,
        FNT_WORKERS=str(SLOTS),
        DATABASE_URL=make_url(url)
        .set(drivername="postgresql+psycopg")
        .render_as_string(hide_password=False),
    )
    try:
        web = deployment.start_web()
        user_id, token = deployment.add_user()
        ids = [deployment.add_job(user_id, make_pdf(), number=n) for n in range(JOBS)]
        deployment.database.dispose()
        with Counting(url) as counting:
            deployment.start_worker()
            with psycopg.connect(url) as locker:  # whoever wants the table has to wait
                locker.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
                statuses = ask_at_once(web.url, token)
            for job_id in ids:
                deployment.wait_for_job(
                    job_id,
                    lambda job: JobStatus(job.status).is_terminal,
                    within_s=60,
                    what="the end",
                )
    finally:
        deployment.close()

    allowed = budget()
    assert set(statuses) <= {200, 503}
    assert 2 < counting.most["fnt-server web"] <= allowed["each web"]
    slots = counting.most["fnt-server worker"]
    assert 2 < slots <= SLOTS * allowed["each slot of a worker"]


def ask_at_once(url: str, token: str) -> list[int]:
    """Ask for the list of jobs from many connections at once; returns the statuses."""
    headers = {"Authorization": f"Bearer {token}"}

    def ask(_number: int) -> int:
        return httpx.get(url + paths.JOBS, headers=headers, timeout=60).status_code

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(ask, range(CROWD)))
