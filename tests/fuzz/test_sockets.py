"""Engine.IO and Socket.IO as no library sends them, to a running web process.

Oracle: whatever one socket sends, before or after its login, the process lives, answers `/health`
and a socket of somebody else, writes no traceback into its log, and grows by no more than a
bounded amount; a connection is answered or closed.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import websocket

from e2e.harness import descendants
from fnt.wire import events
from fuzz import campaign, values
from server.processes import Deployment, WebProcess
from server.services import BrokerProcess
from server.sockets import BareSocket, Listener

pytestmark = pytest.mark.faults

GROWTH_BYTES = 200 << 20
NAMES = (
    events.JOIN_JOB, events.LEAVE_JOB, events.CANCEL_JOB, events.JOB_PROGRESS, events.ERROR,
    "connect", "disconnect", "message", "", "__class__", "*", "\ud83d",
)  # fmt: skip
NAMESPACES = ("", "/,", "/admin,", "/../,", "/" + "x" * 5000 + ",", "/\0,", "//,", "/é,")
ACKS = ("", "0", "7", "-1", "9" * 400, "1e9", "٣")


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, broker_process: BrokerProcess
) -> Iterator[Deployment]:
    deployment = Deployment(
        tmp_path_factory.mktemp("fuzz"), FNT_BROKER_URL=broker_process.url, FNT_CONNECT_WITHIN_S="2"
    )
    yield deployment
    deployment.close()


@pytest.fixture(scope="module")
def web(deployment: Deployment) -> WebProcess:
    return deployment.start_web()


def make_frames(random: Random) -> bytes:
    """Return frames as lines of JSON: whether it is binary, and the text in Latin-1."""
    frames = [_frame(random) for _ in range(random.choice((1, 2, 5, 40)))]
    if random.random() < 0.8:
        frames.insert(0, {"log in": True})
    return json.dumps(frames).encode()


def _frame(random: Random) -> dict[str, Any]:
    packet = _packet(random)
    if random.random() < 0.15:
        packet = values.mutated(random, packet.encode("utf-8", "replace")).decode("latin-1")
    return {
        "binary": random.random() < 0.1,
        "opcode": random.choice((None,) * 20 + (0, 3, 8, 9, 10, 11)),
        "text": packet[:70_000],
    }


def _packet(random: Random) -> str:
    """Return a packet: Engine.IO's type, Socket.IO's, attachments, namespace, ack, payload."""
    kind = random.random()
    if kind < 0.1:
        return random.choice("0123456789bx-\0") + values.text(random)
    if kind < 0.15:
        return "42" + "[" * random.choice((10, 1000, 60_000))
    if kind < 0.2:
        return "42" + '{"a":' * random.choice((10, 10_000))
    name = random.choice(NAMES)
    about = {"job_id": values.scalar(random)} if random.random() < 0.5 else values.value(random)
    payload = json.dumps(random.choice(([name, about], [name], [about], about, [name, about, 1])))
    attached = random.choice(("", "", "", "1-", "0-", "99999999999-", "-", "2-"))
    namespace = random.choice(NAMESPACES) if random.random() < 0.2 else ""
    kind_of_packet = random.choice("2222223456019")
    return f"4{kind_of_packet}{attached}{namespace}{random.choice(ACKS)}{payload}"


def test_a_socket_harms_nobody_but_itself(deployment: Deployment, web: WebProcess) -> None:
    token, other = deployment.add_user()[1], deployment.add_user()[1]
    before_bytes = memory_of(web)

    def check(data: bytes) -> None:
        _send_all(web, json.loads(data), token)
        with web.client(other) as client:
            assert client.get("/api/v1/health").status_code == 200
        listener = Listener(web.url)
        try:
            assert listener.connect(other).join(10**9)["error_code"] == "JOB_NOT_FOUND"
        finally:
            listener.disconnect()
        log = web.process.log.read_text(errors="replace")
        assert "Traceback" not in log, log[-3000:]
        assert memory_of(web) < before_bytes + GROWTH_BYTES

    campaign.run("sockets", make_frames, check, cases=40)


def _send_all(web: WebProcess, frames: list[dict[str, Any]], token: str) -> None:
    try:
        bare = BareSocket(web.port)
    except websocket.WebSocketException:  # full of those before, for a moment
        return
    with contextlib.suppress(websocket.WebSocketException, OSError):
        bare.receive()
        for frame in frames:
            if "log in" in frame:
                bare.send("40" + json.dumps({"token": token}))
            else:
                _send(bare, frame)
        bare.send('42999["nothing"]')
        bare.is_closed(within_s=0.05)
    bare.close()


def _send(bare: BareSocket, frame: dict[str, Any]) -> None:
    """Send one frame, masked with zeros, of any opcode."""
    data = frame["text"].encode("utf-8", "surrogatepass")
    usual = websocket.ABNF.OPCODE_BINARY if frame["binary"] else websocket.ABNF.OPCODE_TEXT
    opcode = usual if frame["opcode"] is None else frame["opcode"]
    head = bytes([0x80 | opcode, 0xFF]) + len(data).to_bytes(8)
    bare.send_raw(head + bytes(4) + data)


def memory_of(web: WebProcess) -> int:
    """Return the bytes its processes hold, 0 where the system does not tell."""
    held = 0
    for pid in (web.process.pid, *descendants(web.process.pid)):
        with contextlib.suppress(OSError, IndexError, ValueError):
            status = Path(f"/proc/{pid}/status").read_text()
            held += int(status.split("VmRSS:")[1].split()[0]) << 10
    return held
