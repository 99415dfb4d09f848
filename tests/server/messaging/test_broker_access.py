"""The broker of docs/deploy/valkey.conf: password and TLS, and a user without administration."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from e2e.certificates import make_certificate
from e2e.harness import wait_for
from fnt.wire.job_status import JobStatus
from fnt_server.config.environment import ConfigError
from fnt_server.messaging import broker_probe
from requirements import absent
from server.processes import Deployment

CONFIG = Path(__file__).parents[3] / "docs" / "deploy" / "valkey.conf"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Run the broker of the example; yields its address and the query that trusts it."""
    make_certificate(tmp_path, days=9)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    changes = {
        "tls-port 6379": f"tls-port {port}\nbind 127.0.0.1\nsave ''\ndir {tmp_path}",
        "/etc/valkey/broker.crt": str(tmp_path / "both.pem"),
        "/etc/valkey/broker.key": str(tmp_path / "both.pem"),
        "CHANGE-ME": "secret",
    }
    text = CONFIG.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "broker.conf").write_text(text)
    binary = shutil.which("valkey-server") or shutil.which("redis-server")
    if binary is None:
        absent("no valkey-server or redis-server, which can speak TLS")
    found = f"127.0.0.1:{port}/0?ssl_ca_certs={tmp_path / 'ca.pem'}"
    with subprocess.Popen([binary, str(tmp_path / "broker.conf")]) as process:
        try:
            url = f"rediss://fnt:secret@{found}"
            wait_for(lambda: broker_probe.answers(url), within_s=10, what="the broker answers")
            yield found
        finally:
            process.terminate()


def test_a_job_is_done_over_it(address: str, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "data", broker_url=f"rediss://fnt:secret@{address}")
    try:
        web = deployment.start_web()
        deployment.start_worker()
        deployment.wait_for_worker()
        user_id, token = deployment.add_user()
        job_id = deployment.add_job(user_id)
        job = deployment.wait_for_job(
            job_id, lambda j: JobStatus(j.status).is_terminal, within_s=30, what="the end"
        )
        assert job.status == JobStatus.COMPLETED
        with web.client(token) as client:
            assert client.get("/api/v1/health").json()["checks"]["broker"] == "ok"
    finally:
        deployment.close()


@pytest.mark.parametrize("login", ["", "fnt:wrong@", ":secret@"])
def test_nobody_else_is_let_in(address: str, login: str) -> None:
    with pytest.raises(ConfigError):
        broker_probe.require_usable(f"rediss://{login}{address}", setting="FNT_BROKER_URL")


def test_its_user_cannot_administer_it(address: str) -> None:
    with redis.Redis.from_url(f"rediss://fnt:secret@{address}") as client:
        for command in ("FLUSHALL", "SHUTDOWN", "CONFIG GET *", "KEYS *"):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command.split())
