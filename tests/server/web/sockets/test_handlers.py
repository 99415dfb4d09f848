"""Socket.IO of a running web process: connect, join, leave, cancel, limits."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from e2e.harness import descendants, wait_for
from fnt.wire import events, paths
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt_server.concurrency import GEVENT
from fnt_server.db.connection import Database
from fnt_server.db.models import Job
from fnt_server.jobs import queries, state
from fnt_server.messaging.event_manager import emit_job, make_manager
from fnt_server.web.app import PING_EVERY_S, PING_TIMEOUT_S
from server.api_client import BOUNDARY, form
from server.polling import PollingSession
from server.processes import Deployment, WebProcess
from server.sockets import (
    WITHIN_S,
    BareSocket,
    Listener,
    Refused,
    handshake_status,
    is_silent,
    refusal_of,
)
from server.web.api.test_fuzz import ANY_JSON

MAX_SOCKETS = 8
MAX_PER_USER = 3
CONNECT_WITHIN_S = 1.0
BACKGROUND_S = 5.0
Connect = Callable[[str], Listener]


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {
        "FNT_MAX_SOCKETS": str(MAX_SOCKETS),
        "FNT_MAX_SOCKETS_PER_USER": str(MAX_PER_USER),
        "FNT_CONNECT_WITHIN_S": str(CONNECT_WITHIN_S),
        "FNT_CORS_ORIGINS": "https://allowed.example",
    }


@pytest.fixture
def connect(web: WebProcess) -> Iterator[Connect]:
    """Return a function that connects with a token; all are disconnected at the end."""
    with ExitStack() as stack:

        def make(token: str) -> Listener:
            listener = Listener(web.url)
            stack.callback(listener.disconnect)
            return listener.connect(token)

        yield make


@pytest.fixture
def ann(deployment: Deployment) -> tuple[int, str]:
    return deployment.add_user()


@pytest.fixture
def bob(deployment: Deployment) -> tuple[int, str]:
    return deployment.add_user()


def tell(deployment: Deployment, job: dict[str, Any]) -> None:
    """Emit as a worker does."""
    emit_job(make_manager(deployment.config), job["id"], job)


def advance(database: Database, job_id: int, progress: int) -> dict[str, Any]:
    with database.write() as session:
        job = state.advance(session, job_id, progress=progress)
        assert job is not None
        return queries.snapshot(job).to_wire()


def test_connect_with_a_personal_token_and_with_a_login(
    deployment: Deployment, connect: Connect
) -> None:
    assert connect(deployment.add_user()[1])
    assert connect(deployment.log_in().access_token)


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "NOT_LOGGED_IN"),
        ("", "NOT_LOGGED_IN"),
        (17, "NOT_LOGGED_IN"),
        (["x"], "NOT_LOGGED_IN"),
        ("nonsense", "TOKEN_INVALID"),
        ("fnt_nonsense", "TOKEN_INVALID"),
        ("x" * 30_000, "TOKEN_INVALID"),
    ],
)
def test_connect_is_refused_with_code_and_sentence(
    web: WebProcess, token: object, code: str
) -> None:
    data = refusal_of(Listener(web.url), token)

    assert data["message"] == code
    assert set(data["data"]) == {"error"}


def test_connect_with_an_ended_token_says_so(deployment: Deployment, web: WebProcess) -> None:
    pair = deployment.log_in(access_ttl_s=-5)

    assert refusal_of(Listener(web.url), pair.access_token)["message"] == "TOKEN_EXPIRED"
    refused = refusal_of(Listener(web.url), deployment.log_in().refresh_token)
    assert refused["message"] == "TOKEN_INVALID"


@pytest.mark.parametrize("auth", [None, 1, "x", [], {"token": {"a": 1}}, {"token": "fnt_\ud800"}])
def test_connect_with_any_auth_is_answered(web: WebProcess, auth: object) -> None:
    bare = BareSocket(web.port)

    answer = bare.connect(auth)

    assert answer.startswith("44")
    assert json.loads(answer[2:])["message"] in {"NOT_LOGGED_IN", "TOKEN_INVALID"}
    bare.close()


def test_join_answers_the_caller_alone_and_the_room_hears_what_follows(
    deployment: Deployment, connect: Connect, ann: tuple[int, str], bob: tuple[int, str]
) -> None:
    job_id = deployment.add_job(ann[0])
    mine, also_mine, theirs = connect(ann[1]), connect(ann[1]), connect(bob[1])
    answer = mine.join(job_id)
    also_mine.join(job_id)
    assert answer["ok"]
    assert JobSnapshot.from_wire(answer["job"]).version == 2
    refused = theirs.join(job_id)

    job = advance(deployment.database, job_id, 15)
    tell(deployment, job)

    assert mine.progress.get(timeout=WITHIN_S) == also_mine.progress.get(timeout=WITHIN_S) == job
    assert not refused["ok"]
    assert is_silent(theirs.progress, for_s=0.5)


def test_anothers_job_is_as_one_that_does_not_exist(
    deployment: Deployment, connect: Connect, ann: tuple[int, str], bob: tuple[int, str]
) -> None:
    job_id, theirs = deployment.add_job(ann[0]), connect(bob[1])
    for event in (events.JOIN_JOB, events.CANCEL_JOB):
        another = theirs.ask(event, {"job_id": job_id})
        unknown = theirs.ask(event, {"job_id": job_id + 10_000})

        assert another == unknown
        assert another == {
            "ok": False, "error_code": "JOB_NOT_FOUND", "error": "job not found",
        }  # fmt: skip
        told = [theirs.errors.get(timeout=WITHIN_S) for _ in range(2)]
        assert [error.pop("job_id") for error in told] == [job_id, job_id + 10_000]
        assert told == [{"message": "job not found", "error_code": "JOB_NOT_FOUND"}] * 2
    assert deployment.job(job_id).status == JobStatus.PENDING


def test_leave_ends_the_telling(
    deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    job_id, mine = deployment.add_job(ann[0]), connect(ann[1])
    mine.join(job_id)

    assert mine.ask(events.LEAVE_JOB, {"job_id": job_id}) == {"ok": True}
    tell(deployment, advance(deployment.database, job_id, 15))

    assert is_silent(mine.progress, for_s=0.5)


def test_cancel_is_told_to_all_and_calm_the_second_time(
    deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    job_id = deployment.add_job(ann[0])
    mine, watching = connect(ann[1]), connect(ann[1])
    watching.join(job_id)

    first = mine.ask(events.CANCEL_JOB, {"job_id": job_id})
    again = mine.ask(events.CANCEL_JOB, {"job_id": job_id})

    assert first["ok"]
    assert first["job"]["status"] == "cancelled"
    assert again == first
    assert watching.progress.get(timeout=WITHIN_S) == first["job"]
    assert is_silent(watching.progress, for_s=0.3)


def test_a_late_join_answers_the_end_and_enters_no_room(
    deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    job_id, mine = deployment.add_job(ann[0]), connect(ann[1])
    state.cancel(deployment.database, ann[0], job_id)

    answer = mine.join(job_id)
    tell(deployment, answer["job"])

    assert answer["job"]["status"] == "cancelled"
    assert is_silent(mine.progress, for_s=0.5)


def test_a_bug_is_answered_as_one_and_logged(
    deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    mine, job_id = connect(ann[1]), deployment.add_job(ann[0])
    with deployment.database.write() as session:
        session.execute(update(Job).where(Job.id == job_id).values(status="nonsense"))

    answer = mine.join(job_id)

    assert answer["error_code"] == "INTERNAL"
    assert mine.errors.get(timeout=WITHIN_S)["error_code"] == "INTERNAL"
    assert "socket event failed (ValueError)" in deployment.logs()


def test_an_error_in_our_sql_is_not_called_a_database_that_is_away(
    deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    if deployment.database.is_sqlite:
        pytest.skip("SQLite calls every error operational")
    mine, job_id = connect(ann[1]), deployment.add_job(ann[0])
    with deployment.database.write() as session:
        session.execute(text("ALTER TABLE jobs RENAME TO jobs_renamed"))
    try:
        answer = mine.join(job_id)
    finally:
        with deployment.database.write() as session:
            session.execute(text("ALTER TABLE jobs_renamed RENAME TO jobs"))

    assert answer["error_code"] == "INTERNAL"
    assert "socket event failed (ProgrammingError)" in deployment.logs()


BAD_PAYLOADS: list[tuple[Any, ...]] = [
    (), (None,), (1,), ("x",), ([],), ({},), ({"job_id": None},), ({"job_id": "1"},),
    ({"job_id": 0},), ({"job_id": -1},), ({"job_id": 1.0},), ({"job_id": True},),
    ({"job_id": 2**63},), ({"job_id": [1]},), ({"job_id": 1}, {"job_id": 1}), (b"bytes",),
    ({"job_id": b"1"},), ({"id": 1},),
]  # fmt: skip


@pytest.mark.parametrize("event", [events.JOIN_JOB, events.LEAVE_JOB, events.CANCEL_JOB])
def test_a_malformed_payload_is_a_bad_request(
    connect: Connect, ann: tuple[int, str], event: str
) -> None:
    mine = connect(ann[1])
    for payload in BAD_PAYLOADS:
        answer = mine.ask(event, *payload)

        assert (answer["ok"], answer["error_code"]) == (False, "BAD_REQUEST"), payload
        assert mine.errors.get(timeout=WITHIN_S)["error_code"] == "BAD_REQUEST"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    event=st.sampled_from([events.JOIN_JOB, events.LEAVE_JOB, events.CANCEL_JOB, "other", ""]),
    payload=ANY_JSON,
    token=ANY_JSON,
)
def test_any_json_leaves_the_socket_alive(
    web: WebProcess, ann: tuple[int, str], event: str, payload: Any, token: Any
) -> None:
    """Sent by hand, so that lone surrogates travel as well."""
    bare = BareSocket(web.port)
    assert bare.connect({"token": ann[1]}).startswith("40")
    for number, content in enumerate((payload, {"job_id": 1, "token": token})):
        bare.send(f"42{number}" + json.dumps([event, content]))
    bare.send("429" + json.dumps([events.LEAVE_JOB, {"job_id": 1}]))
    answers = []
    while not answers or not answers[-1].startswith("439"):
        answers.append(bare.receive())
    bare.close()

    acknowledged = [json.loads(a[3:])[0] for a in answers if a.startswith(("430", "431"))]
    assert len(acknowledged) == (2 if event.endswith("_job") else 0)
    assert all(type(answer["ok"]) is bool for answer in acknowledged)


@pytest.mark.parametrize(
    "packet", ["", "9", "4", "42", "42[", "42{}", "451-", '40/other,{"token":"x"}', "x" * 60_000]
)
def test_a_broken_packet_harms_nobody_else(
    web: WebProcess, deployment: Deployment, connect: Connect, ann: tuple[int, str], packet: str
) -> None:
    mine, bare = connect(ann[1]), BareSocket(web.port)
    bare.send(packet)

    assert mine.ask(events.LEAVE_JOB, {"job_id": 1}) == {"ok": True}
    bare.close()


def test_an_endless_message_closes_its_socket(web: WebProcess) -> None:
    with (
        closing(BareSocket(web.port)) as bare,
        pytest.raises(OSError, match=r"(?i)reset|broken|closed"),
    ):
        bare.send_endless(frames=300)


def test_a_packet_over_64_kb_closes_its_socket(web: WebProcess, ann: tuple[int, str]) -> None:
    bare = BareSocket(web.port)
    bare.connect({"token": ann[1]})
    with suppress(OSError):
        bare.send('42["join_job","' + "x" * 70_000 + '"]')

    assert bare.is_closed(within_s=WITHIN_S)
    bare.close()


def test_a_socket_is_closed_when_its_token_ends(deployment: Deployment, connect: Connect) -> None:
    pair = deployment.log_in(access_ttl_s=2)
    mine = connect(pair.access_token)

    assert mine.closed.wait(2 + BACKGROUND_S)


def test_a_socket_lives_on_with_a_later_token(deployment: Deployment, connect: Connect) -> None:
    pair = deployment.log_in(access_ttl_s=2)
    job_id = deployment.add_job(pair.user.id)
    mine = connect(pair.access_token)
    newer = deployment.authenticator(access_ttl_s=900).refresh(pair.refresh_token)

    assert mine.join(job_id, token=newer.access_token)["ok"]

    assert not mine.closed.wait(BACKGROUND_S)
    assert mine.join(job_id)["ok"]


def test_a_join_with_a_bad_or_anothers_token_is_refused(
    deployment: Deployment, connect: Connect, ann: tuple[int, str], bob: tuple[int, str]
) -> None:
    job_id, mine = deployment.add_job(ann[0]), connect(ann[1])

    for token in ("x", bob[1], "fnt_\ud800"[:4], "fnt_x"):
        assert mine.join(job_id, token=token)["error_code"] == "TOKEN_INVALID"
    for token in ("", 1, {}):
        assert mine.join(job_id, token=token)["error_code"] == "NOT_LOGGED_IN"


def test_a_socket_is_closed_when_its_login_is_revoked(
    deployment: Deployment, web: WebProcess, connect: Connect
) -> None:
    pair, other = deployment.log_in(), deployment.log_in()
    mine, theirs = connect(pair.access_token), connect(other.access_token)
    with web.client(pair.access_token) as client:
        assert client.post(paths.LOGOUT).status_code == 200

    assert mine.closed.wait(1.5)  # told at once, not at the next look
    assert not theirs.closed.is_set()


@pytest.mark.faults
def test_the_silent_are_hung_up_on(web: WebProcess, ann: tuple[int, str]) -> None:
    """Even clients that never close: their threads and slots are needed."""
    strangers = [BareSocket(web.port) for _ in range(4)]
    for stranger, packet in zip(strangers, (None, "", "2", "42[]"), strict=True):
        if packet is not None:
            stranger.send(packet)
    known = BareSocket(web.port)
    known.connect({"token": ann[1]})

    for stranger in strangers:
        assert stranger.is_hung_up(within_s=CONNECT_WITHIN_S + BACKGROUND_S)
    assert known.is_hung_up(within_s=PING_EVERY_S + PING_TIMEOUT_S + BACKGROUND_S)
    for bare in (*strangers, known):
        bare.close()


def test_a_user_has_a_share_and_gets_it_back(
    web: WebProcess,
    deployment: Deployment,
    connect: Connect,
    ann: tuple[int, str],
    bob: tuple[int, str],
) -> None:
    held = [connect(ann[1]) for _ in range(MAX_PER_USER)]

    refused = refusal_of(Listener(web.url), ann[1])

    assert refused["message"] == "BUSY"
    assert connect(bob[1])
    held[0].disconnect()

    connect_soon(connect, ann[1])


def test_events_named_as_the_librarys_own_give_no_share_and_take_none(
    web: WebProcess, deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    job_id = deployment.add_job(ann[0])
    held = [BareSocket(web.port) for _ in range(MAX_PER_USER)]
    for bare in held:
        bare.connect({"token": ann[1]})
        for event in (["disconnect", "x"], ["connect", {"token": ann[1]}], ["disconnect", "x"]):
            bare.send("42" + json.dumps(event))
        bare.send("421" + json.dumps([events.JOIN_JOB, {"job_id": job_id}]))

        answer = next(packet for packet in iter(bare.receive, "") if packet.startswith("431"))

        assert json.loads(answer[3:])[0]["ok"]
    assert refusal_of(Listener(web.url), ann[1])["message"] == "BUSY"
    for bare in held:
        bare.send("42" + json.dumps(["connect", {"token": ann[1]}]))
        bare.close()
    for _ in held:
        connect_soon(connect, ann[1])


def connect_soon(connect: Connect, token: str) -> None:
    """Connect as soon as there is a place."""

    def is_connected() -> bool:
        with suppress(Refused):
            return bool(connect(token))
        return False

    wait_for(is_connected, within_s=WITHIN_S, what="there is a place")


def test_who_was_hung_up_on_while_being_let_in_keeps_no_place(
    web: WebProcess, deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    if deployment.database.is_sqlite:
        pytest.skip("reading SQLite waits for nobody")
    knocking = [BareSocket(web.port) for _ in range(MAX_PER_USER)]
    with deployment.database.write() as session:
        session.execute(text("LOCK TABLE access_tokens IN ACCESS EXCLUSIVE MODE"))
        for bare in knocking:
            bare.send("40" + json.dumps({"token": ann[1]}))
        for bare in knocking:
            assert bare.is_hung_up(within_s=CONNECT_WITHIN_S + 3)

    connect_soon(connect, ann[1])
    for bare in knocking:
        bare.close()


def test_a_socket_costs_two_threads(
    web: WebProcess, connect: Connect, ann: tuple[int, str], worker_class: str
) -> None:
    if worker_class == GEVENT:
        pytest.skip("greenlets are no threads")
    before = threads_of(web)

    held = [connect(ann[1]) for _ in range(MAX_PER_USER)]

    assert threads_of(web) - before <= 2 * len(held)


def threads_of(web: WebProcess) -> int:
    pids = [web.process.pid, *descendants(web.process.pid)]
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)


def test_a_full_house_is_busy_and_rest_answers(
    web: WebProcess, deployment: Deployment, connect: Connect
) -> None:
    users = [deployment.add_user()[1] for _ in range(MAX_SOCKETS)]
    for token in users:
        connect_soon(connect, token)  # those of the tests before may only just be leaving
    late = deployment.add_user()[1]

    assert refusal_of(Listener(web.url), late)["message"] == "BUSY"
    with web.client(late) as client:
        assert client.get(paths.ME).status_code == 200


def test_a_crowd_at_the_door_is_refused_and_rest_answers(
    web: WebProcess, deployment: Deployment
) -> None:
    opened: list[BareSocket] = []

    def is_full() -> bool:
        try:
            opened.append(BareSocket(web.port))
        except Exception as refused:
            assert " 503 " in f" {refused} "
            return True
        return False

    try:
        wait_for(is_full, within_s=WITHIN_S, what="the slots are taken")
        assert web.answers()
    finally:
        for bare in opened:
            bare.close()
    assert len(opened) <= MAX_SOCKETS + 16
    wait_for(
        lambda: handshake_status(web.port) == 101, within_s=10, what="the slots are free again"
    )


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"suppress_origin": True}, 101),
        ({"origin": "http://evil.example"}, 400),
        ({"origin": "null"}, 400),
        ({"origin": "https://allowed.example"}, 101),
        ({"origin": "https://allowed.example.evil"}, 400),
        ({"origin": "http://evil.example", "header": ["X-Forwarded-Host: evil.example"]}, 400),
        ({"origin": "http://evil.example", "header": ["X-Forwarded-Proto: http"]}, 400),
    ],
)
def test_origins(web: WebProcess, options: dict[str, Any], status: int) -> None:
    assert handshake_status(web.port, **options) == status


def test_the_servers_own_origin_is_let_in(web: WebProcess) -> None:
    assert handshake_status(web.port, origin=web.url) == 101
    assert handshake_status(web.port, origin=web.url.replace("http:", "https:")) == 400


def test_a_dropped_socket_is_forgotten(
    deployment: Deployment, web: WebProcess, connect: Connect, ann: tuple[int, str]
) -> None:
    """Its rooms too: a new socket of the same user hears nothing it did not join."""
    job_id, first = deployment.add_job(ann[0]), connect(ann[1])
    first.join(job_id)
    first.disconnect()
    second = connect(ann[1])

    tell(deployment, advance(deployment.database, job_id, 15))

    assert is_silent(second.progress, for_s=0.5)


def test_versions_rise_for_a_listener_whatever_is_emitted_at_once(
    deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    job_id, mine = deployment.add_job(ann[0]), connect(ann[1])
    mine.join(job_id)
    manager = make_manager(deployment.config)
    for progress in range(10, 60):
        emit_job(manager, job_id, advance(deployment.database, job_id, progress))

    newest, versions = deployment.job(job_id).version, [0]
    while versions[-1] != newest:
        versions.append(mine.progress.get(timeout=WITHIN_S)["version"])

    assert versions == sorted(set(versions))


def test_sigterm_is_told_before_the_end(deployment: Deployment, ann: tuple[int, str]) -> None:
    web = deployment.start_web()
    listener = Listener(web.url).connect(ann[1])
    with PollingSession(web.port) as poller:
        assert poller.connect(ann[1]).startswith("40{")
        started = time.monotonic()
        web.process.terminate()

        assert listener.draining.get(timeout=WITHIN_S)["retry_in"] > 0
        assert poller.poll()[0].startswith(f'42["{events.SERVER_DRAINING}"')
        assert listener.closed.wait(WITHIN_S)
        assert web.process.wait(within_s=WITHIN_S) == 0
    assert time.monotonic() - started < WITHIN_S
    listener.disconnect()


def test_a_web_that_stops_closes_who_stays_and_ends_what_it_began(
    deployment: Deployment, ann: tuple[int, str]
) -> None:
    """An upload under way comes to its end; a second signal would not wait for it."""
    web = deployment.start_web()
    listener = Listener(web.url).connect(ann[1])
    with web.client(ann[1]) as client:
        answer = client.post(paths.CONFIRM, json={"original_filename": "roman.pdf"}).json()
    body = form(answer["job_id"])
    told = Event()

    def slowly() -> Iterator[bytes]:
        yield body[:-100]
        told.set()
        assert listener.closed.wait(WITHIN_S)
        yield body[-100:]

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with ThreadPoolExecutor(1) as pool, web.client(ann[1]) as client:
        upload = pool.submit(client.post, paths.UPLOAD, content=slowly(), headers=headers)
        assert told.wait(WITHIN_S)
        web.process.terminate()

        assert listener.draining.get(timeout=WITHIN_S)
        assert upload.result(WITHIN_S).status_code == 202
    assert web.process.wait(within_s=WITHIN_S) == 0
    listener.disconnect()


def test_a_second_sigterm_does_not_wait(deployment: Deployment, ann: tuple[int, str]) -> None:
    web = deployment.start_web(FNT_DRAIN_S="600")
    listener = Listener(web.url).connect(ann[1])
    web.process.terminate()
    assert listener.draining.get(timeout=WITHIN_S)

    web.process.terminate()

    assert web.process.wait(within_s=1.5) == 128 + signal.SIGTERM
    listener.disconnect()


def test_another_web_process_hears_the_same_events(
    deployment: Deployment, connect: Connect, ann: tuple[int, str]
) -> None:
    other = deployment.start_web()
    job_id, here = deployment.add_job(ann[0]), connect(ann[1])
    there = Listener(other.url).connect(ann[1])
    here.join(job_id)
    there.join(job_id)

    here.ask(events.CANCEL_JOB, {"job_id": job_id})

    assert there.progress.get(timeout=WITHIN_S)["status"] == "cancelled"
    there.disconnect()
    other.process.signal(signal.SIGKILL)
