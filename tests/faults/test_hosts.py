"""Web, two workers, PostgreSQL, broker and event bus on hosts of their own, each cut off in turn.

What must hold: no job is lost or stays, nobody waits for a peer that has vanished, connections do
not pile up, health and log tell what is wrong, and a wrong clock does no harm.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import select

from e2e.harness import descendants, wait_for
from faults.hosts import Host, clock_off_by, hosts
from fnt.wire import paths
from fnt.wire.job_status import JobStatus
from fnt_server.db.models import Step, StepStatus
from pdfs import make_pdf
from server.own_services import OwnPostgresql, own_redis
from server.processes import Deployment, Process
from server.records import fetch_steps
from server.sockets import Listener

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

PORT = 5000
GONE_WITHIN_S = 30.0
"""PostgreSQL gives up an idle peer after 5 + 3 × 2 s, one in a transaction after 30 s."""
TOLD_WITHIN_S = 15.0
END_WITHIN_S = 90.0
CUT_S = 25.0
PARTITIONS = 3
BY_HOST = (
    "SELECT host(client_addr), count(*) FROM pg_stat_activity"
    " WHERE client_addr IS NOT NULL AND pid <> pg_backend_pid() GROUP BY 1"
)
HOLD = """
import sys, time
from sqlalchemy import select
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, Step, User
with Database(sys.argv[1]).write() as session:
    for table in (Job, Step, User):
        session.execute(select(table).with_for_update()).all()
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def no_network() -> None:
    """The hosts of this module are on this machine, though not on its loopback."""


class Site:
    """The processes, and what the tests ask them."""

    def __init__(self, deployment: Deployment, places: dict[str, Host], admin_url: str) -> None:
        self.deployment, self.hosts, self._admin_url = deployment, places, admin_url
        self.url = f"http://{places['web'].address}:{PORT}"
        self.user_id, self.token = deployment.add_user()
        self.web = deployment.start(
            "web", "--host", places["web"].address, "--port", str(PORT),
            prefix=places["web"].prefix, FNT_METRICS_PORT="9100",
        )  # fmt: skip
        self.workers = {name: self.start_worker(name) for name in ("worker1", "worker2")}
        self._numbers = iter(range(1, 1000))

    def start_worker(self, name: str, **environ: str) -> Process:
        return self.deployment.start("worker", prefix=self.hosts[name].prefix, **environ)

    def health(self) -> dict[str, Any]:
        """Return what the server says of itself, which takes at most two seconds."""
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answer = httpx.get(self.url + paths.HEALTH, headers=headers, timeout=5)
        except httpx.HTTPError:
            return {}
        return {"status": answer.json()["status"], **answer.json().get("checks", {})}

    def wait_for_health(self, within_s: float = 60, **wanted: Any) -> None:
        wait_for(
            lambda: wanted.items() <= self.health().items(),
            within_s=within_s,
            what=f"health tells {wanted}: {self.health()}",
        )

    def add_jobs(self, number: int) -> list[int]:
        """Add jobs of a few chunks each."""
        book = make_pdf(pages=60)
        return [
            self.deployment.add_job(self.user_id, book, number=next(self._numbers))
            for _ in range(number)
        ]

    def wait_for_jobs(self, ids: list[int], within_s: float = END_WITHIN_S) -> None:
        for job_id in ids:
            job = self.deployment.wait_for_job(
                job_id,
                lambda job: JobStatus(job.status).is_terminal,
                within_s=within_s,
                what=f"job {job_id} ends",
            )
            assert job.status == JobStatus.COMPLETED, f"{job.error_code}\n{self.deployment.logs()}"

    def connections(self) -> Counter[str]:
        """Return how many connections PostgreSQL has, by host."""
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            rows = connection.execute(BY_HOST).fetchall()
        names = {host.address: name for name, host in self.hosts.items()}
        return Counter({names.get(address, address): number for address, number in rows})

    def wait_for_steps_of(self, worker: Process) -> None:
        """Wait until a worker holds a step."""

        def is_running() -> bool:
            with self.deployment.database.read() as session:
                running = select(Step.lease_owner).where(Step.status == StepStatus.RUNNING)
                pids = {(owner or "").rpartition(".")[2] for owner in session.scalars(running)}
            return bool(pids & set(map(str, descendants(worker.pid))))

        wait_for(is_running, within_s=30, what="the worker works")


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with ExitStack() as stack:
        places = stack.enter_context(
            hosts("web", "worker1", "worker2", "database", "broker", "bus")
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fnt-hosts-")))
        folder.chmod(0o755)
        (folder / "pg").mkdir()
        cluster = OwnPostgresql(folder / "pg", prefix=places["database"].prefix)
        database_url = cluster.start(host=places["database"].address, port=5432)
        stack.callback(cluster.stop)
        for name in ("broker", "bus"):
            stack.enter_context(
                own_redis(port=6379, host=places[name].address, prefix=places[name].prefix)
            )
        deployment = Deployment(
            folder / "data",
            broker_url=f"redis://{places['broker'].address}:6379/0",
            FNT_EVENTS_URL=f"redis://{places['bus'].address}:6379/0",
            DATABASE_URL=database_url,
            FNT_WORKERS="2",
            FNT_PACE_MS="200",
        )
        stack.callback(deployment.close)
        site = Site(deployment, places, database_url)
        stack.callback(lambda: [host.heal() for host in places.values()])
        site.wait_for_health(status="ok", workers=2)
        yield site


def test_a_host_that_is_cut_off_in_a_transaction_stops_nobody(site: Site) -> None:
    """It holds a lock on every row there is; before, until PostgreSQL's own two hours were over."""
    ids = site.add_jobs(4)
    site.wait_for_steps_of(site.workers["worker1"])
    gone = site.hosts["worker1"]
    holder = subprocess.Popen(
        [*gone.prefix, sys.executable, "-c", HOLD, site.deployment.config.database_url],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout and holder.stdout.readline() == "held\n"
        gone.cut()
        wait_for(
            lambda: site.connections()["worker1"] == 0,
            within_s=GONE_WITHIN_S,
            what="PostgreSQL has given up the host that is gone",
        )
        more = site.add_jobs(2)
        site.wait_for_jobs([*ids, *more])
        assert site.health()["reaper"] == "ok"
    finally:
        holder.kill()
        holder.wait()
        if holder.stdout:
            holder.stdout.close()
        gone.heal()
    site.wait_for_health(status="ok", workers=2)


def test_partitions_leak_no_connections(site: Site) -> None:
    site.wait_for_health(status="ok", workers=2)
    site.wait_for_jobs(site.add_jobs(4))
    before = site.connections()
    for _ in range(PARTITIONS):
        ids = site.add_jobs(2)
        site.hosts["worker2"].cut()
        pause(CUT_S)
        site.hosts["worker2"].heal()
        site.wait_for_health(status="ok", workers=2)
        site.wait_for_jobs(ids)
    after = site.connections()

    assert after["worker2"] <= max(before["worker2"], 2 * 4), (before, after)
    assert after["web"] <= max(before["web"], 20), (before, after)


def test_an_event_bus_that_is_cut_off_is_told_and_heard_again(site: Site) -> None:
    site.wait_for_health(status="ok", workers=2)
    site.hosts["bus"].cut()
    site.wait_for_health(within_s=TOLD_WITHIN_S, status="degraded", events="down", broker="ok")
    site.wait_for_jobs(site.add_jobs(1))  # jobs need no events
    site.hosts["bus"].heal()
    site.wait_for_health(within_s=TOLD_WITHIN_S, status="ok", events="ok")

    [job_id] = site.add_jobs(1)
    listener = Listener(site.url).connect(site.token)
    listener.join(job_id)
    assert listener.progress.get(timeout=END_WITHIN_S)["id"] == job_id
    listener.disconnect()


@pytest.mark.parametrize("name", ["broker", "database"])
def test_a_host_that_all_need_is_told_and_jobs_end_when_it_is_back(site: Site, name: str) -> None:
    site.wait_for_health(status="ok", workers=2)
    ids = site.add_jobs(3)
    site.hosts[name].cut()
    if name == "database":
        site.wait_for_health(within_s=TOLD_WITHIN_S, status="degraded")
    else:
        site.wait_for_health(within_s=TOLD_WITHIN_S, status="degraded", broker="down")
    pause(CUT_S)
    site.hosts[name].heal()
    site.wait_for_health(status="ok", workers=2)
    site.wait_for_jobs(ids)


def test_failures_that_repeat_themselves_are_logged_once_a_minute(site: Site) -> None:
    """After all the cuts above: per process, each warning once, and once a minute from then on."""
    began = site.web.log.stat().st_ctime
    for log in (site.web.log, *(worker.log for worker in site.workers.values())):
        told = Counter(
            line.split(" ", 1)[1]
            for line in log.read_text(errors="replace").splitlines()
            if " WARNING " in line and "repeated=" not in line
        )
        processes, minutes = 3, 2 + (time.time() - began) / 60
        most = processes * max(minutes, 10)
        assert all(count <= most for count in told.values()), told.most_common(3)


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_worker_whose_clock_is_wrong_takes_no_step_from_others(site: Site, minutes: int) -> None:
    """Leases, heartbeats and waiting times are told by the clock of the database."""
    wrong = clock_off_by(minutes)
    site.workers["worker2"].terminate()
    site.workers["worker2"].wait(within_s=30)
    site.workers["worker2"] = site.start_worker("worker2", **wrong)
    site.wait_for_health(status="ok", workers=2)
    ids = site.add_jobs(6)
    site.wait_for_jobs(ids)

    steps = [step for job_id in ids for step in fetch_steps(site.deployment.database, job_id)]
    assert {step.lost_count for step in steps} == {0}, site.workers["worker2"].log.read_text()
    assert {site.deployment.job(job_id).attempts for job_id in ids} == {0}
    site.wait_for_health(status="ok", workers=2)
    stamps = {line[:16] for line in site.workers["worker2"].log.read_text().splitlines()}
    now = time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    assert now not in stamps  # its clock was wrong indeed


def pause(seconds: float) -> None:
    """Let a cut last: what is tried is how long everybody waits."""
    time.sleep(seconds)
