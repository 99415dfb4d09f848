"""Polling, the first transport of socket.io-client: what holds for WebSockets holds here."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import websocket

from e2e.harness import descendants, wait_for
from fnt.wire import events, paths
from fnt_server.config import Config
from fnt_server.jobs import queries, state
from fnt_server.messaging.event_manager import emit_job, make_manager
from server.conftest import running_app
from server.polling import PollingSession
from server.processes import Deployment, WebProcess
from server.sockets import Listener, Refused
from server.web.crowds import ANSWERS_WITHIN_S, get, health_s, held_clients

MAX_PER_USER = 3
CONNECT_WITHIN_S = 6.0
AT_ONCE_S = 5.0
"""Sooner than the next ping."""
ALLOWED = "https://allowed.example"
Poller = Callable[..., PollingSession]


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {
        "FNT_MAX_SOCKETS_PER_USER": str(MAX_PER_USER),
        "FNT_CONNECT_WITHIN_S": str(CONNECT_WITHIN_S),
        "FNT_CORS_ORIGINS": ALLOWED,
    }


@pytest.fixture
def poller(web: WebProcess) -> Iterator[Poller]:
    """Return a function that makes a session; all are left behind at the end."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(PollingSession(web.port, **options))


@pytest.fixture
def ann(deployment: Deployment) -> tuple[int, str]:
    return deployment.add_user()


def asked(event: str, job_id: int, number: int = 0) -> str:
    return f"42{number}" + json.dumps([event, {"job_id": job_id}])


def is_refused(answer: Any, status: int = 400) -> bool:
    body = answer.json()
    return bool(
        answer.status_code == status
        and set(body) == {"error", "error_code"}
        and answer.headers["Content-Type"] == "application/json"
    )


def test_a_job_is_joined_and_its_events_wait_for_the_next_polls(
    deployment: Deployment, web: WebProcess, poller: Poller, ann: tuple[int, str]
) -> None:
    """No answer is larger than its connection's buffer, and the last event is not lost."""
    job_id, mine = deployment.add_job(ann[0]), poller()
    assert mine.connect(ann[1]).startswith("40{")
    mine.post(asked(events.JOIN_JOB, job_id))
    [joined] = mine.poll()
    watching = Listener(web.url).connect(ann[1])
    watching.join(job_id)
    manager = make_manager(deployment.config)
    for progress in range(10, 30):
        with deployment.database.write() as session:
            job = state_advance(session, job_id, progress)
        emit_job(manager, job_id, job)
        # One at a time: web sends what the database holds, and two could become one.
        assert watching.progress.get(timeout=10)["version"] == job["version"]
    watching.disconnect()

    first = mine.poll()
    told = first + mine.poll_until(f'42["{events.JOB_PROGRESS}",{{"id":{job_id},"version":22')

    assert json.loads(joined[3:])[0]["job"]["version"] == 2
    assert len(first) == 16
    versions = [json.loads(packet[2:])[1]["version"] for packet in told if packet[:2] == "42"]
    assert versions == sorted(set(versions))
    assert versions[-1] == 22


def state_advance(session: Any, job_id: int, progress: int) -> dict[str, Any]:
    job = state.advance(session, job_id, progress=progress)
    assert job is not None
    return queries.snapshot(job).to_wire()


def test_who_may_not_connect_learns_why(
    deployment: Deployment, poller: Poller, ann: tuple[int, str]
) -> None:
    assert json.loads(poller().connect("nonsense")[2:])["message"] == "TOKEN_INVALID"
    held = [poller() for _ in range(MAX_PER_USER)]
    for mine in held:
        assert mine.connect(ann[1]).startswith("40{")
    assert json.loads(poller().connect(ann[1])[2:])["message"] == "BUSY"

    held[0].post("1")  # it closes

    assert is_refused(held[0].request("GET"))
    assert poller().connect(ann[1]).startswith("40{")


@pytest.mark.parametrize(
    ("method", "params", "headers", "status"),
    [
        ("GET", {"EIO": "3"}, {}, 400),
        ("GET", {"EIO": ""}, {}, 400),
        ("GET", {"transport": "flash"}, {}, 400),
        ("GET", {"transport": "websocket"}, {}, 400),
        ("GET", {"sid": "unknown"}, {}, 400),
        ("GET", {"sid": "x" * 2000}, {}, 400),
        ("GET", {"j": "0"}, {}, 400),
        ("GET", {}, {"Origin": "https://evil.example"}, 400),
        ("GET", {}, {"Upgrade": "h2c", "Connection": "upgrade"}, 400),
        ("GET", {}, {"Upgrade": "websocket", "Connection": "upgrade"}, 400),
        ("GET", {"transport": "websocket"}, {"Upgrade": "websocket", "Connection": "upgrade"}, 426),
        ("POST", {}, {}, 400),
        ("POST", {"sid": "unknown"}, {}, 400),
        ("OPTIONS", {}, {"Origin": "https://evil.example"}, 400),
        ("GET", {}, {"Sec-Fetch-Site": "cross-site"}, 403),
        ("GET", {}, {"Sec-Fetch-Site": "same-site"}, 403),
        ("GET", {}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 400),
        ("PUT", {}, {}, 405),
        ("HEAD", {}, {}, 405),
    ],
)
def test_what_is_no_request_of_a_socket_is_refused_as_everywhere(
    poller: Poller, method: str, params: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = poller().request(method, params=params, headers=headers, content="40")

    assert answer.status_code == status
    assert method == "HEAD" or is_refused(answer, status)


def test_pages_of_allowed_origins_may_poll(poller: Poller) -> None:
    page = poller(Origin=ALLOWED, **{"Sec-Fetch-Site": "cross-site"})
    headers = {
        "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-requested",
    }  # fmt: skip

    asked_first = page.request("OPTIONS", headers=headers)
    answer = page.request("GET", headers={"Accept-Encoding": "gzip"})

    assert asked_first.status_code == answer.status_code == 200
    assert asked_first.headers["Access-Control-Allow-Headers"] == "x-requested"
    for said in (asked_first, answer):
        assert said.headers["Access-Control-Allow-Origin"] == ALLOWED
        assert said.headers["Cache-Control"] == "no-store"
        assert "Content-Encoding" not in said.headers


def test_a_session_belongs_to_the_address_that_began_it(
    web: WebProcess, poller: Poller, ann: tuple[int, str]
) -> None:
    """Its id is in URLs, which may be logged."""
    mine, thief = poller(), poller(source="127.0.0.9")
    mine.connect(ann[1])
    thief.sid = mine.sid

    assert is_refused(thief.request("GET"))
    assert is_refused(thief.post("1"))
    with pytest.raises(websocket.WebSocketBadStatusException):
        mine.upgrade(source="127.0.0.9")
    mine.post(asked(events.LEAVE_JOB, 1))
    assert mine.poll() == ['430[{"ok":true}]']


def test_a_second_poll_ends_both(poller: Poller, ann: tuple[int, str]) -> None:
    mine, again = poller(), poller()
    mine.connect(ann[1])
    again.sid = mine.sid
    with ThreadPoolExecutor(2) as pool:
        polls = [pool.submit(one.request, "GET") for one in (mine, again)]
        answers = [poll.result(timeout=AT_ONCE_S) for poll in polls]

    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert is_refused(mine.request("GET"))


@pytest.mark.parametrize(
    ("content", "headers"),
    [("x" * 65_537, {}), (b"4\xff", {}), (iter([b"42[]"]), {})],
    ids=["large", "no UTF-8", "of unknown length"],
)
def test_a_body_that_cannot_be_read_closes_its_session(
    poller: Poller, ann: tuple[int, str], content: Any, headers: dict[str, str]
) -> None:
    mine = poller()
    mine.connect(ann[1])

    assert is_refused(mine.request("POST", content=content, headers=headers))
    assert is_refused(mine.request("GET"))


@pytest.mark.parametrize(
    "packet", ["", "9", "x", "4", "42", "42[", "42{}", "4" + "[" * 60_000, "b4", "0", "5"]
)
def test_a_broken_packet_harms_nobody(
    poller: Poller, deployment: Deployment, ann: tuple[int, str], packet: str
) -> None:
    mine = poller()
    mine.connect(ann[1])

    assert mine.post(packet, asked(events.LEAVE_JOB, 1)).status_code == 200

    assert mine.poll_until("43")[-1] == '430[{"ok":true}]'
    assert "handler error" not in deployment.logs()


def test_many_packets_in_one_body_are_all_handled(
    deployment: Deployment, poller: Poller, ann: tuple[int, str]
) -> None:
    """As a client sends who joins all its jobs; meanwhile it can answer pings."""
    job_id, mine = deployment.add_job(ann[0]), poller()
    mine.connect(ann[1])
    began = time.monotonic()
    mine.post(*(asked(events.JOIN_JOB, job_id, number) for number in range(200)))
    assert time.monotonic() - began < AT_ONCE_S

    answers: list[str] = []
    while len(answers) < 200:
        packets = mine.poll()
        answers += [packet for packet in packets if packet.startswith("43")]
        if "2" in packets:
            mine.post("3")

    assert {answer.partition("[")[0] for answer in answers} == {f"43{n}" for n in range(200)}


@pytest.mark.parametrize("packet", [asked(events.JOIN_JOB, 1), "3", "9", "40", ""])
def test_who_floods_is_closed(
    deployment: Deployment, web: WebProcess, poller: Poller, ann: tuple[int, str], packet: str
) -> None:
    _, token = deployment.add_user()
    neighbor, flood = Listener(web.url).connect(ann[1]), poller()
    job_id = deployment.add_job(ann[0])
    flood.connect(token)
    body = [packet] * 1000
    took, statuses = [], []
    for _ in range(4):
        statuses.append(flood.post(*body).status_code)
        began = time.monotonic()
        neighbor.join(job_id)
        took.append(time.monotonic() - began)
    neighbor.disconnect()

    assert statuses[-1] == 400
    assert median(took) < 0.5
    with pytest.raises(Refused):
        Listener(web.url).connect(token)


def test_a_crowd_that_never_polls_costs_no_threads(
    deployment: Deployment, web: WebProcess, ann: tuple[int, str]
) -> None:
    before = threads_of(web)
    with PollingSession(web.port, source="127.0.1.1") as many:
        statuses = [many.request("GET").status_code for _ in range(200)]

    assert threads_of(web) - before < 20
    assert statuses[0] == 200
    assert 503 in statuses
    with PollingSession(web.port) as mine:
        assert mine.connect(ann[1]).startswith("40{")


def test_a_crowd_that_polls_and_never_logs_in(
    deployment: Deployment, web: WebProcess, ann: tuple[int, str]
) -> None:
    path = f"{events.SOCKET_PATH}?EIO=4&transport=polling"
    with ExitStack() as stack:
        for number in range(1, 5):
            for client in stack.enter_context(
                held_clients(web, 60, get(path), source=f"127.0.2.{number}")
            ):
                answer = b""
                while not answer.endswith(b"}"):
                    answer += client.recv(65536)
                sid = json.loads(answer.partition(b"\r\n\r\n0")[2])["sid"]
                client.sendall(get(f"{path}&sid={sid}"))

        assert health_s(web) < ANSWERS_WITHIN_S
        mine = stack.enter_context(PollingSession(web.port))
        assert mine.connect(ann[1]).startswith("40{")


@pytest.mark.faults
def test_an_upgrade_that_stops_half_way_is_cut_and_polling_goes_on(
    deployment: Deployment, poller: Poller, ann: tuple[int, str]
) -> None:
    """As behind a proxy that lets the handshake through, and no frame."""
    mine = poller()
    mine.connect(ann[1])
    stuck = mine.upgrade()
    with pytest.raises(websocket.WebSocketBadStatusException):
        mine.upgrade()

    for number in range(3):
        mine.post(asked(events.LEAVE_JOB, 1, number))
        assert mine.poll_until("43")[-1] == f'43{number}[{{"ok":true}}]'

    with suppress(ConnectionError, websocket.WebSocketException):
        assert not stuck.recv()
    mine.post(asked(events.LEAVE_JOB, 1, 9))
    assert mine.poll_until("43")[-1] == '439[{"ok":true}]'
    stuck.close()


def test_a_session_that_ends_takes_its_half_made_upgrade_with_it(
    poller: Poller, ann: tuple[int, str]
) -> None:
    mine = poller()
    mine.connect(ann[1])
    stuck = mine.upgrade()
    stuck.settimeout(CONNECT_WITHIN_S / 2)

    mine.post("1")

    with closing(stuck), suppress(ConnectionError, websocket.WebSocketConnectionClosedException):
        assert not stuck.recv()


def test_an_upgrade_ends_the_polls(
    deployment: Deployment, poller: Poller, ann: tuple[int, str]
) -> None:
    job_id, mine = deployment.add_job(ann[0]), poller()
    mine.connect(ann[1])
    live = mine.upgrade()
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(mine.poll)
        live.send("2probe")
        assert live.recv() == "3probe"
        assert poll.result(timeout=AT_ONCE_S) == ["6"]
    assert mine.poll() == ["6"]  # of a client that has not read the answer to its probe yet
    live.send("5")
    live.send(asked(events.JOIN_JOB, job_id))
    packets = [live.recv()]
    while not packets[-1].startswith("430"):
        packets.append(live.recv())

    assert is_refused(mine.request("GET"))
    time.sleep(CONNECT_WITHIN_S + 0.5)  # past the time for an upgrade
    live.send(asked(events.LEAVE_JOB, job_id))
    assert live.recv() == '430[{"ok":true}]'
    live.close()


@pytest.mark.faults
def test_the_silent_are_forgotten(web: WebProcess, deployment: Deployment, poller: Poller) -> None:
    """Who does not log in, does not poll, or answers pings that were never polled."""
    _, token = deployment.add_user()
    stranger, held = poller().open(), [poller() for _ in range(MAX_PER_USER)]
    for mine in held:
        mine.connect(token)
    assert stranger.poll_until("1")
    assert is_refused(stranger.request("GET"))
    ends = time.monotonic() + 20
    while held[0].post("3").status_code == 200:
        assert time.monotonic() < ends
        time.sleep(0.5)

    def is_free() -> bool:
        with PollingSession(web.port) as mine:
            return mine.connect(token).startswith("40{")

    wait_for(is_free, within_s=10, what="the places are free again")


def test_a_logout_reaches_who_polls(
    deployment: Deployment, web: WebProcess, poller: Poller
) -> None:
    pair, mine = deployment.log_in(), poller()
    mine.connect(pair.access_token)
    with web.client(pair.access_token) as client, ThreadPoolExecutor(1) as pool:
        poll = pool.submit(mine.poll)
        assert client.post(paths.LOGOUT).status_code == 200

        assert poll.result(timeout=AT_ONCE_S) == ["41"]


def threads_of(web: WebProcess) -> int:
    pids = [web.process.pid, *descendants(web.process.pid)]
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)


def test_a_pong_does_not_wait_behind_messages(tmp_path: Path) -> None:
    environ = {"FNT_DATA_DIR": str(tmp_path), "FNT_BROKER_URL": "unix:///none"}
    with running_app(Config.from_env(environ)) as app:
        client, sessions = app.test_client(), app.extensions["socketio"].server.eio.sockets
        url = events.SOCKET_PATH + "?EIO=4&transport=polling"
        sid = json.loads(client.get(url).text[1:])["sid"]
        messages = "\x1e".join(["42[]"] * 150)
        assert client.post(f"{url}&sid={sid}", data=messages).status_code == 200
        sessions[sid].last_ping = time.time()

        assert client.post(f"{url}&sid={sid}", data="3").status_code == 200

        assert sessions[sid].last_ping is None
        sessions[sid].close()


@pytest.mark.parametrize(
    ("setting", "polling", "websocket_status", "upgrades"),
    [("websocket", 400, 426, None), ("polling", 200, 400, []), ("", 200, 426, ["websocket"])],
)
def test_transports_can_be_chosen(
    tmp_path: Path, setting: str, polling: int, websocket_status: int, upgrades: list[str] | None
) -> None:
    environ = {
        "FNT_DATA_DIR": str(tmp_path), "FNT_BROKER_URL": "unix:///none",
        "FNT_SOCKET_TRANSPORTS": setting,
    }  # fmt: skip
    with running_app(Config.from_env(environ)) as app:
        client = app.test_client()
        opened = client.get(events.SOCKET_PATH + "?EIO=4&transport=polling")
        headers = {"Upgrade": "websocket", "Connection": "upgrade"}
        other = client.get(events.SOCKET_PATH + "?EIO=4&transport=websocket", headers=headers)

    assert (opened.status_code, other.status_code) == (polling, websocket_status)
    if upgrades is not None:
        assert json.loads(opened.text[1:])["upgrades"] == upgrades
