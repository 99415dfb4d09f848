"""Log lines: one per record, with no secrets and no text of books."""

from __future__ import annotations

import json
import logging
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.harness import ServerProcess, wait_for
from fnt.wire import paths
from fnt_server import logs
from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from pdfs import make_pdf
from server.api_client import BOUNDARY, parts
from server.processes import Deployment
from server.sockets import Listener

CANARY = "Kanarienvogel"


def record(name: str = "fnt_server.x", message: str = "%s", *args: object, **extra: Any) -> Any:
    return logging.getLogger(name).makeRecord(
        name, logging.WARNING, "f.py", 1, message, args, None, extra=extra
    )


@pytest.fixture
def formats() -> Iterator[dict[str, logging.Formatter]]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    found = {}
    for name in (logs.TEXT, logs.JSON):
        logs.configure(name)
        assert root.handlers[0].formatter
        found[name] = root.handlers[0].formatter
    logging.captureWarnings(capture=False)
    root.handlers, root.level = before
    yield found


def test_no_value_can_begin_a_line_of_its_own(formats: dict[str, logging.Formatter]) -> None:
    evil = "a\n2026 INFO forged\r\x1b[2J\x00\u202e\u2028\x85z"
    for log_format in formats.values():
        line = log_format.format(record("x", "%s", evil, path=evil))

        assert len(line.splitlines()) == 1
        assert line.isprintable()


def test_an_exception_is_told_by_kind_and_place_not_by_its_words(
    formats: dict[str, logging.Formatter],
) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError as error:
        fence_conditions, theirs = record("fnt_server.x", "bad"), record("engineio.server", "bad")
        for made in (fence_conditions, theirs):
            made.exc_info = (ValueError, error, error.__traceback__)
    told = {name: log_format.format(fence_conditions) for name, log_format in formats.items()}

    assert all(CANARY not in text and "ValueError" in text for text in told.values())
    assert "test_logs.py" in told[logs.TEXT]
    assert len(json.loads(told[logs.JSON])["trace"]) == 1
    assert formats[logs.TEXT].format(theirs).endswith("engineio.server: bad (ValueError)")


def test_what_it_is_about_is_in_every_line(formats: dict[str, logging.Formatter]) -> None:
    with logs.context(job_id=7, step="chunk 2"):
        inside = json.loads(formats[logs.JSON].format(record("x", "said", request_id="r" * 16)))
        text = formats[logs.TEXT].format(record("x", "said"))
    outside = json.loads(formats[logs.JSON].format(record("x", "said")))

    assert (inside["job_id"], inside["step"], inside["request_id"]) == (7, "chunk 2", "r" * 16)
    assert inside["event"] == "said"
    assert inside["ts"].endswith("Z")
    assert text.endswith("x: said job_id=7 step=chunk 2")
    assert "job_id" not in outside


class Clock:
    """Seconds that pass when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def limited() -> Iterator[tuple[logging.Logger, Clock, StringIO]]:
    clock, stream = Clock(), StringIO()
    handler = logs.LimitedHandler(stream, clock=clock)
    handler.setFormatter(logs._TextFormatter("%(message)s"))
    logger = logging.getLogger("fnt_server.limited")
    logger.propagate = False
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield logger, clock, stream
    logger.removeHandler(handler)


def said(stream: StringIO) -> list[str]:
    return [line.split(": ", 1)[1] for line in stream.getvalue().splitlines()]


def test_a_warning_that_repeats_itself_is_written_once_a_minute_with_its_number(
    limited: tuple[logging.Logger, Clock, StringIO],
) -> None:
    logger, clock, stream = limited
    for _ in range(120):
        clock.now += 1
        for _ in range(7):
            logger.warning("wakeup failed: %s", "ConnectionError")
        logger.warning("emit failed: %s", "ConnectionError")

    words = said(stream)
    assert words[:2] == ["wakeup failed: ConnectionError", "emit failed: ConnectionError"]
    assert len(words) == 4
    assert words[2].startswith("wakeup failed: ConnectionError repeated=")


def test_what_was_left_out_is_told_when_all_is_well_again_and_at_the_end(
    limited: tuple[logging.Logger, Clock, StringIO],
) -> None:
    logger, clock, stream = limited
    for number in range(5):
        with logs.context(request_id=f"request-{number}"):
            logger.warning("database unavailable")
    clock.now += 61
    with logs.context(request_id="later"):
        logger.info("request")
    for _ in range(3):
        logger.warning("storage unavailable")
    logger.handlers[0].close()

    assert said(stream) == [
        "database unavailable request_id=request-0",
        "database unavailable repeated=4",
        "request request_id=later",
        "storage unavailable",
        "storage unavailable repeated=2",
    ]


def test_our_own_errors_and_what_is_no_warning_are_all_written(
    limited: tuple[logging.Logger, Clock, StringIO],
) -> None:
    logger, _, stream = limited
    for level in (logging.INFO, logging.ERROR):
        for _ in range(3):
            logger.log(level, "said")

    assert said(stream) == ["said"] * 6


def test_a_process_without_its_broker_tells_it_once(tmp_path: Path) -> None:
    """Every upload and every pass of the reaper wants to wake workers and to send an event."""
    deployment = Deployment(tmp_path, broker_url="redis://127.0.0.1:1/0")
    try:
        web = deployment.start_web()
        user_id, token = deployment.add_user()
        with web.client(token) as client:
            for number in range(10):
                job_id = deployment.add_job(user_id, number=number)
                client.post(paths.job(job_id, "cancel")).raise_for_status()
            wait_for(
                lambda: "emit failed" in deployment.logs() and "wakeup failed" in deployment.logs(),
                within_s=30,
                what="both are told",
            )
            for number in range(10, 20):
                job_id = deployment.add_job(user_id, number=number)
                client.post(paths.job(job_id, "cancel")).raise_for_status()
            told = Counter(line.split(" ", 1)[1] for line in deployment.logs().splitlines()
                           if " INFO " not in line)  # fmt: skip
    finally:
        deployment.close()

    assert {count for line, count in told.items() if "repeated" not in line} == {1}, told


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="FNT_LOG_FORMAT must be text or json"):
        Config.from_env({"FNT_LOG_FORMAT": "xml"})


def test_runs_whole_log_holds_no_secret_and_no_stranger(tmp_path: Path) -> None:
    """Words are put wherever words can be put; none of them is in the log."""
    server = ServerProcess(tmp_path / "data", FNT_LOG_FORMAT="json").start()
    try:
        server.add_user(f"{CANARY}@example.org")
        secrets = be_heard(server)
    finally:
        server.stop()
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]

    for secret in (CANARY, CANARY.lower(), *secrets):
        assert secret not in text
    assert all({"ts", "level", "logger", "event"} <= line.keys() for line in lines)
    assert not [line for line in lines if line["level"] == "error" and "fnt_" in line["logger"]]
    confirmed = next(line for line in lines if line.get("status") == 201)
    assert (confirmed["path"], confirmed["job_id"]) == (paths.CONFIRM, 1)
    upload = next(line for line in lines if line.get("path") == paths.UPLOAD)
    assert (upload["status"], upload["request_id"], upload["job_id"]) == (202, "of-the-proxy", 1)
    steps = {line["step"] for line in lines if line["event"] == "step ended"}
    assert steps == {"analyse 0", "chunk 0", "merge 0"}
    assert {line["job_id"] for line in lines if "step" in line} == {1, 2}


def be_heard(server: ServerProcess) -> list[str]:
    """Log in, fail to, send books and nonsense; returns the tokens that were used."""
    with httpx.Client(base_url=server.url, timeout=10, trust_env=False) as client:
        login = {"email": f"{CANARY}@example.org", "password": "correct horse battery"}
        tokens = client.post(paths.LOGIN, json=login).raise_for_status().json()
        client.post(paths.LOGIN, json={**login, "password": CANARY})
        client.get(f"/{CANARY}%0a{CANARY}", params={"token": CANARY})
        client.get(paths.JOBS, params={"cursor": CANARY, "token": tokens["access_token"]})
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        client.headers["User-Agent"] = CANARY
        client.post(paths.CONFIRM, content=CANARY)
        client.get(paths.JOBS, headers={"X-Request-Id": f"{CANARY} x"})
        book = make_pdf(text=f"Le {CANARY} chantait dans la cage. Il chantait encore le soir.")
        ids = [send(client, book), send(client, b"%PDF-1.4 " + CANARY.encode() * 99)]
        listener = Listener(server.url).connect(tokens["access_token"])
        listener.ask("join_job", {"job_id": CANARY})
        listener.disconnect()
        strangers(server.port)
        for job_id in ids:
            wait_for(
                lambda job_id=job_id: client.get(paths.job(job_id)).json()["completed_at"],
                within_s=30,
                what="the job ends",
            )
    return [tokens["access_token"], tokens["refresh_token"]]


def send(client: httpx.Client, book: bytes) -> int:
    named = {"original_filename": f"{CANARY}.pdf"}
    job_id: int = client.post(paths.CONFIRM, json=named).raise_for_status().json()["job_id"]
    headers = {
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "X-Request-Id": "of-the-proxy",
    }
    body = parts([("job_id", str(job_id).encode()), ("pdf_file", book)])
    client.post(paths.UPLOAD, content=body, headers=headers).raise_for_status()
    return job_id


def strangers(port: int) -> None:
    """Speak no HTTP, and no websocket where one was promised."""
    upgrade = (
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nX: {CANARY}\r\n\r\n"
    ).encode()
    poll = b"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for greeting in (CANARY.encode() + b"\r\n\r\n", upgrade + CANARY.encode() * 50, poll):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(greeting)
            with suppress(OSError):
                connection.recv(4096)
