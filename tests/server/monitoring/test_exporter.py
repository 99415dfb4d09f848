"""Metrics of real processes, as Prometheus reads them."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from e2e.harness import children_of, wait_for
from fnt.wire.error_codes import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt_server.config.environment import ConfigError
from fnt_server.db.connection import Database
from fnt_server.monitoring.exporter import DatabaseCollector, listen, read_figures, serve
from fnt_server.monitoring.health_checks import HealthReport
from fnt_server.monitoring.metrics_server import MAX_CONNECTIONS
from server.api_client import PDF
from server.processes import Deployment
from server.records import claim, make_chunked, make_job
from server.services import BrokerProcess, private_schema
from server.sockets import Listener

Samples = dict[tuple[str, frozenset[str]], float]
ALERTS = Path(__file__).parents[3] / "docs" / "deploy" / "alerts.yml"
COUNTED_LATER = {"fnt_events_dropped_total"}
"""Metrics without a value until something has gone wrong."""
CANARY = "canari-dans-la-mine"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def scrape(port: int) -> Samples:
    """Return each value by its name and its labels' values."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).raise_for_status().text
    assert CANARY not in text
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def families(port: int) -> set[str]:
    """Return the names of all metrics, also of those that have counted nothing yet."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).raise_for_status().text
    return {family.name for family in text_string_to_metric_families(text)}


def alerts() -> list[dict[str, Any]]:
    """Return the alert rules that we hand out."""
    [group] = YAML(typ="safe").load(ALERTS)["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def named_in_alerts() -> set[str]:
    return {name for rule in alerts() for name in re.findall(r"\bfnt_\w+", rule["expr"])}


def test_alerts_are_rules_about_metrics_and_labels_that_there_are() -> None:
    keys = {"alert", "expr", "for", "labels", "annotations"}
    codes = {code for rule in alerts() for code in re.findall(r'code="(\w+)"', rule["expr"])}

    assert all(keys - {"for"} <= rule.keys() <= keys for rule in alerts())
    assert len({rule["alert"] for rule in alerts()}) == len(alerts())
    assert codes <= set(JobErrorCode)


def value(samples: Samples, name: str, *labels: str) -> float | None:
    return samples.get((name, frozenset(labels)))


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, broker_process: BrokerProcess
) -> Iterator[Deployment]:
    with private_schema() as url:
        deployment = Deployment(
            tmp_path_factory.mktemp("deployment"),
            broker_url=broker_process.url,
            DATABASE_URL=url,
            FNT_WORKERS="2",
        )
        yield deployment
        deployment.close()


def test_web_and_worker_tell_what_they_did(deployment: Deployment) -> None:
    """The pool children's counts are told by their parent; each port is on loopback alone."""
    of_web, of_worker = free_port(), free_port()
    web = deployment.start_web(FNT_METRICS_PORT=str(of_web))
    user_id, token = deployment.add_user()
    listener = Listener(web.url).connect(token)
    process = deployment.start_worker(FNT_METRICS_PORT=str(of_worker))
    good, bad = (
        deployment.add_job(user_id, PDF),
        deployment.add_job(user_id, b"%PDF-1.4 " + b"x" * 900),
    )
    for job_id in (good, bad):
        deployment.wait_for_job(
            job_id, lambda job: JobStatus(job.status).is_terminal, within_s=30, what="the end"
        )

    told = wait_for(
        lambda: value(scrape(of_worker), "fnt_step_seconds_count", "merge", "done"),
        within_s=5,
        what="the merge is counted",
    )
    worker, web_says = scrape(of_worker), scrape(of_web)

    assert told == 1
    assert value(worker, "fnt_step_seconds_count", "analyse", "failed") == 1
    assert value(worker, "fnt_steps_failed_total", "analyse", "PDF_DAMAGED") == 1
    assert (value(worker, "fnt_events_published_total") or 0) >= 6
    assert value(web_says, "fnt_jobs", "completed") == 1
    assert value(web_says, "fnt_jobs", "failed") == 1
    assert value(web_says, "fnt_jobs", "pending") == 0
    assert value(web_says, "fnt_sockets") == 1
    assert value(web_says, "fnt_database_up") == 1
    assert (value(web_says, "fnt_workers"), value(web_says, "fnt_worker_slots")) == (1, 2)
    for name in ("fnt_broker_up", "fnt_events_up", "fnt_storage_up", "fnt_reaper_up"):
        assert value(web_says, name) == 1, name
    used, most = (value(web_says, f"fnt_database_connections{end}") for end in ("", "_max"))
    assert used and most and used < most
    wait_for(
        lambda: value(scrape(of_worker), "fnt_reaper_passes_total", "done"),
        within_s=20,
        what="the worker's reaper has run",
    )
    worker, web_says = scrape(of_worker), scrape(of_web)
    assert named_in_alerts() - {name for name, _ in {**web_says, **worker}} <= COUNTED_LATER
    assert {name.removesuffix("_total") for name in COUNTED_LATER} <= families(of_web)
    listener.disconnect()
    process.kill()


@pytest.mark.faults
def test_the_counts_of_children_gone_are_kept_and_their_files_do_not_pile_up(
    deployment: Deployment, tmp_path: Path
) -> None:
    port = free_port()
    worker = deployment.start_worker(
        FNT_METRICS_PORT=str(port), FNT_WORKERS="1", TMPDIR=str(tmp_path)
    )
    user_id, _ = deployment.add_user()

    def failed() -> float:
        with suppress(httpx.ConnectError):  # it is just starting
            return value(scrape(port), "fnt_step_seconds_count", "analyse", "failed") or 0
        return 0

    for times in (1, 2, 3):
        deployment.add_job(user_id, b"%PDF-1.4 " + b"x" * 900)
        wait_for(lambda: failed() == times, within_s=30, what="the step is counted")  # noqa: B023
        [slot] = children_of(worker.pid)
        os.kill(slot, signal.SIGKILL)
        wait_for(lambda: children_of(worker.pid) not in ([slot], []), within_s=9, what="another")  # noqa: B023

    assert len(list(tmp_path.glob("fnt-metrics-*/counter_*"))) <= 2  # the parent, and the place


def test_figures_tell_who_waits_and_since_when(database: Database, user_id: int) -> None:
    empty = read_figures(database)
    make_chunked(database, user_id, chunks=3)
    claim(database)
    make_job(database, user_id)
    full = read_figures(database)

    assert (empty.queue_age_s, empty.steps) == (0, {"ready": 0, "running": 0})
    assert full.steps == {"ready": 3, "running": 1}
    assert 0 < full.queue_age_s < 60
    assert full.jobs["processing"] == 1
    assert set(full.jobs) == set(JobStatus)


def test_a_database_that_is_away_is_a_figure_too() -> None:
    gone = Database("sqlite:////nowhere/at/all.db")
    report = HealthReport(
        broker=True,
        events=True,
        storage=False,
        reaper=False,
        workers=0,
        connections=0,
        max_connections=0,
    )
    collector = DatabaseCollector(gone, sockets=lambda: 3, health=lambda: report)

    values = {m.name: m.samples[0].value for m in collector.collect()}

    assert values == {
        "fnt_sockets": 3.0,
        "fnt_database_up": 0.0,
        "fnt_broker_up": 1.0,
        "fnt_events_up": 1.0,
        "fnt_storage_up": 0.0,
        "fnt_reaper_up": 0.0,
    }


def test_a_port_that_is_taken_is_one_line_and_none_is_the_default(deployment: Deployment) -> None:
    assert deployment.config.metrics_port == 0
    assert listen(0) is None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match="choose another FNT_METRICS_PORT"):
            listen(port)


def test_a_silent_connection_is_closed() -> None:
    port = free_port()
    serve(listen(port))
    with socket.create_connection(("127.0.0.1", port), timeout=8) as silent:
        silent.sendall(b"GET /metrics HTTP/1.0\r\n")

        assert silent.recv(1) == b""


def test_a_crowd_gets_no_more_than_its_places_and_gives_them_back() -> None:
    port = free_port()
    serve(listen(port))
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            silent.sendall(b"G")
        more = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=4))
        with suppress(ConnectionResetError):
            assert more.recv(1) == b""

    wait_for(lambda: is_scraped(port), within_s=9, what="the places are free again")


def is_scraped(port: int) -> bool:
    with suppress(httpx.TransportError):
        return bool(scrape(port))
    return False


def test_a_request_that_cannot_be_read_is_one_line_of_the_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    serve(listen(port))
    accept = {"Accept": "application/openmetrics-text; version=x"}
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/metrics", headers=accept, trust_env=False)

    wait_for(lambda: "metrics request failed" in caplog.text, within_s=5, what="it is logged")
    assert capfd.readouterr().err == ""
