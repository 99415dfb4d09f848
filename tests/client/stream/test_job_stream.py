"""JobStream with a real Socket.IO server on localhost, and with network failures."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from queue import SimpleQueue

import flask
import flask_socketio
import pytest
from werkzeug.serving import make_server

from builders import make_snapshot
from fnt.errors import AuthError, TemporaryError
from fnt.stream import Ack, Disconnected, Draining, JobProgressEvent, JobStream

pytestmark = pytest.mark.timeout(60)

GOOD, STALE = "good-token", "stale-token"
WAIT_S = 10.0


class SocketServer:
    """A small server with the wire's events, which records what it receives."""

    def __init__(self):
        app = flask.Flask("sockets", root_path=".")
        self.socketio = flask_socketio.SocketIO(
            app, async_mode="threading", ping_interval=8, ping_timeout=4
        )
        self.seen = SimpleQueue()
        self.origins = []
        self.refuse_all = None
        self.socketio.on_event("connect", self._connect)
        self.socketio.on_event("join_job", self._join)
        self.socketio.on_event("leave_job", self._leave)
        self.socketio.on_event("cancel_job", lambda data: None)
        self._http = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()

    def _connect(self, auth):
        self.origins.append(flask.request.headers.get("Origin"))
        self.seen.put((flask.request.sid, auth))
        if self.refuse_all:
            raise flask_socketio.ConnectionRefusedError(*self.refuse_all)
        if auth.get("token") != GOOD:
            raise flask_socketio.ConnectionRefusedError(
                "TOKEN_EXPIRED", {"error": "your login has expired"}
            )

    def _join(self, data):
        if "token" in data:
            self.seen.put(("token", data["token"]))
        return {"ok": True, "job": {"id": data["job_id"]}}

    def _leave(self, data):
        self.seen.put(("left", data))
        return {"ok": True}

    def close(self):
        self._http.shutdown()
        self._thread.join(WAIT_S)
        self._http.server_close()


class Tokens:
    """A token source whose first token may be expired."""

    def __init__(self, token=GOOD, renewed=GOOD):
        self.token = token
        self.renewed = renewed
        self.refused = []

    def current_token(self):
        return self.token

    def renewed_token(self, refused):
        self.refused.append(refused)
        if isinstance(self.renewed, Exception):
            raise self.renewed
        self.token = self.renewed
        return self.token


@pytest.fixture
def server():
    server = SocketServer()
    yield server
    server.close()


@pytest.fixture
def inbox():
    return SimpleQueue()


@pytest.fixture
def make_stream(server, inbox):
    streams = []

    def make(tokens=None, url=None):
        streams.append(JobStream(url or server.url, tokens=tokens or Tokens(), inbox=inbox))
        return streams[-1]

    yield make
    for stream in streams:
        stream.close()


def test_stream_sends_its_token_and_no_origin(server, make_stream):
    make_stream().connect(WAIT_S)

    _, auth = server.seen.get(timeout=WAIT_S)
    assert auth == {"token": GOOD}
    assert server.origins == [None]


def test_stream_answers_come_into_the_inbox(make_stream, inbox):
    stream = make_stream()
    stream.connect(WAIT_S)

    stream.join(12)

    answer = inbox.get(timeout=WAIT_S)
    expected = {"ok": True, "job": {"id": 12}}
    assert answer == Ack(stream=stream, verb="join_job", job_id=12, payload=expected)


def test_stream_newer_token_is_given_once_and_travels_with_a_join(server, make_stream):
    tokens = Tokens()
    stream = make_stream(tokens)
    stream.connect(WAIT_S)
    server.seen.get(timeout=WAIT_S)
    assert stream.newer_token() is None

    tokens.token = "renewed"
    assert stream.newer_token() == "renewed"
    assert stream.newer_token() is None
    stream.join(12, token="renewed")

    assert server.seen.get(timeout=WAIT_S) == ("token", "renewed")


def test_stream_empty_answer_is_none(make_stream, inbox):
    stream = make_stream()
    stream.connect(WAIT_S)

    stream.cancel(12)

    assert inbox.get(timeout=WAIT_S).payload is None


def test_stream_leave_reaches_the_server(server, make_stream):
    stream = make_stream()
    stream.connect(WAIT_S)
    server.seen.get(timeout=WAIT_S)

    stream.leave(12)

    assert server.seen.get(timeout=WAIT_S) == ("left", {"job_id": 12})


def test_stream_events_come_into_the_inbox(server, make_stream, inbox):
    stream = make_stream()
    stream.connect(WAIT_S)
    job = make_snapshot().to_wire()

    server.socketio.emit("job_progress", job)
    first = inbox.get(timeout=WAIT_S)
    server.socketio.emit("server_draining", {"retry_in": 3})
    second = inbox.get(timeout=WAIT_S)

    assert first == JobProgressEvent(stream=stream, payload=job)
    assert second == Draining(stream=stream, payload={"retry_in": 3})


def test_stream_refused_token_is_renewed_once(server, make_stream, inbox):
    tokens = Tokens(STALE)
    stream = make_stream(tokens)

    stream.connect(WAIT_S)
    stream.join(12)

    assert tokens.refused == [STALE]
    assert inbox.get(timeout=WAIT_S).job_id == 12
    assert inbox.empty()


def test_stream_gives_up_after_two_rejections(make_stream):
    tokens = Tokens(STALE, STALE)

    with pytest.raises(AuthError, match="your login has expired") as caught:
        make_stream(tokens).connect(WAIT_S)

    assert (caught.value.code, caught.value.hint) == ("TOKEN_EXPIRED", "run: fnt login")
    assert tokens.refused == [STALE]


def test_stream_refusal_is_not_waited_over(make_stream):
    """By itself, the library waits 3 s for a close frame its own reader has consumed."""
    took = []
    for _ in range(3):  # a busy machine is slow now and then, the library always
        started_at = time.monotonic()
        make_stream(Tokens(STALE)).connect(WAIT_S)
        took.append(time.monotonic() - started_at)

    assert min(took) < 2


def test_stream_login_that_cannot_be_renewed_is_an_error(make_stream):
    with pytest.raises(AuthError, match="over"):
        make_stream(Tokens(STALE, AuthError("over"))).connect(WAIT_S)


def test_stream_busy_server_is_temporary(server, make_stream):
    server.refuse_all = ("BUSY", {"error": "no socket to spare", "retry_in": 2})

    with pytest.raises(TemporaryError, match="no socket to spare") as caught:
        make_stream().connect(WAIT_S)

    assert (caught.value.code, caught.value.retry_after_s) == ("BUSY", 2.0)


@pytest.mark.parametrize("refusal", [("odd",), (), ("BUSY", "a string"), ("x", {"error": 7})])
def test_stream_odd_refusals_are_temporary(server, make_stream, refusal):
    server.refuse_all = refusal or ({},)

    with pytest.raises(TemporaryError):
        make_stream().connect(WAIT_S)


def test_stream_closed_by_the_server_is_lost(server, make_stream, inbox):
    stream = make_stream()
    stream.connect(WAIT_S)
    sid, _ = server.seen.get(timeout=WAIT_S)

    server.socketio.server.disconnect(sid)

    assert isinstance(inbox.get(timeout=WAIT_S), Disconnected)


def test_stream_reports_disconnection_on_every_later_call(server, make_stream, inbox):
    stream = make_stream()
    stream.connect(WAIT_S)
    sid, _ = server.seen.get(timeout=WAIT_S)
    server.socketio.server.disconnect(sid)
    inbox.get(timeout=WAIT_S)

    stream.join(12)

    assert isinstance(inbox.get(timeout=WAIT_S), Disconnected)


def test_stream_close_is_quick_and_final(make_stream, inbox):
    stream = make_stream()
    stream.connect(WAIT_S)

    started_at = time.monotonic()
    stream.close()
    stream.close()

    assert time.monotonic() - started_at < 1.5
    assert isinstance(inbox.get(timeout=WAIT_S), Disconnected)


def test_stream_closed_while_connecting_does_not_stay(make_stream):
    stream = make_stream()
    stream.close()

    with pytest.raises(TemporaryError, match="closed immediately"):
        stream.connect(WAIT_S)


def test_stream_join_before_connect_is_a_bug(make_stream):
    with pytest.raises(RuntimeError):
        make_stream().join(1)


def test_stream_unreachable_server_is_temporary(make_stream):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

        with pytest.raises(TemporaryError):
            make_stream(url=url).connect(2)


@pytest.fixture
def peer():
    """A listening socket that never responds."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def url_of(listener):
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_stream_frozen_server_is_left_after_the_limit(peer, make_stream):
    started_at = time.monotonic()

    with pytest.raises(TemporaryError):
        make_stream(url=url_of(peer)).connect(0.3)

    assert time.monotonic() - started_at < 3


def test_stream_follows_no_redirect(peer, server, make_stream):
    def redirect():
        connection, _ = peer.accept()
        with connection:
            connection.recv(4096)
            target = server.url.replace("http", "ws") + "/socket.io/?transport=websocket&EIO=4"
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n\r\n".encode())

    answering = threading.Thread(target=redirect, daemon=True)
    answering.start()

    with pytest.raises(TemporaryError):
        make_stream(url=url_of(peer)).connect(WAIT_S)

    answering.join(WAIT_S)
    assert server.seen.empty()


def test_stream_prints_nothing(capfd, server, make_stream, inbox):
    server.refuse_all = ("BUSY", {})
    with pytest.raises(TemporaryError):
        make_stream().connect(WAIT_S)
    server.refuse_all = None
    stream = make_stream()
    stream.connect(WAIT_S)
    stream.close()

    assert "engineio" not in (captured := capfd.readouterr()).err
    assert GOOD not in captured.err + captured.out


@pytest.mark.slow
def test_stream_module_loads_no_socket_library():
    code = "import sys, fnt.stream; sys.exit('socketio' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
