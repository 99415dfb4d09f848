"""Checks of live updates: WebSocket upgrade, allowed origins, and joining a job room."""

from __future__ import annotations

import queue

from fnt.doctor.context import DoctorContext
from fnt.doctor.outcome import Outcome, fail, ok, skip, warn
from fnt.doctor.server import ONCE
from fnt.errors import ExitCode, TemporaryError
from fnt.stream import Ack
from fnt.wire.error_codes import ErrorCode
from fnt.wire.events import JOIN_JOB
from fnt.wire.socket_payloads import ErrorAck
from fnt.wire.structs import WireError

SWITCHING = 101
ANSWER_S = 3.0
STRANGER = "https://stranger.invalid"
NO_JOB = 1
"""For a user without jobs: the server answers alike for a foreign job and a missing one."""
SOCKET_HINT = (
    "the upgrade works but the connection does not: a proxy closes it, or the server is older"
)
POLLING_HINT = (
    "make the proxy forward /socket.io/ with its Upgrade header; until then, jobs are polled"
)


def websocket(target: DoctorContext) -> Outcome:
    """Request a WebSocket upgrade as the client does, without an Origin header."""
    try:
        status = target.connection.anonymous.probe_socket().status
    except TemporaryError:
        return warn("polling only: the upgrade is blocked on the way", POLLING_HINT)
    if status != SWITCHING:
        return warn(f"polling only: the upgrade returns {status}", POLLING_HINT)
    target.has_websocket = True
    return ok("the upgrade works")


def origin(target: DoctorContext) -> Outcome:
    """Check which origins the server accepts: none, as from this client, and a foreign page."""
    if not target.has_websocket:
        return skip("no WebSocket connection")
    status = target.connection.anonymous.probe_socket(origin=STRANGER).status
    if status == SWITCHING:
        return warn(
            "web pages of any origin are accepted too",
            "list your own in the server's FNT_CORS_ORIGINS",
        )
    return ok(f"clients without Origin are accepted, foreign web pages get {status}")


def join(target: DoctorContext) -> Outcome:
    """Join the room of the newest job, or of a nonexistent job if there are none."""
    if not target.has_websocket:
        return skip("no WebSocket connection")
    stream = target.stream = target.connection.open_stream(target.inbox)
    try:
        stream.connect(ANSWER_S)
    except TemporaryError as error:
        busy = error.code == ErrorCode.BUSY
        hint = "try again later" if busy else SOCKET_HINT
        return warn(f"polling only: {error.message}", hint)
    newest = next(target.connection.api.list_jobs(limit=1, retry=ONCE), None)
    job_id = newest.id if newest is not None else NO_JOB
    stream.join(job_id)
    return _outcome(_answer(target), job_id, exists=newest is not None)


def _answer(target: DoctorContext) -> object:
    """Wait for the join's acknowledgment, skipping job events."""
    while True:
        try:
            event = target.inbox.get(timeout=ANSWER_S)
        except queue.Empty:
            return None
        if isinstance(event, Ack) and event.verb == JOIN_JOB:
            return event.payload


def _outcome(payload: object, job_id: int, *, exists: bool) -> Outcome:
    try:
        ack = ErrorAck.from_wire(payload)
    except WireError:
        ack = ErrorAck()
    code = ack.error_code[:40]
    if ack.ok:
        return ok(f"joined the room of job {job_id}")
    if code == ErrorCode.JOB_NOT_FOUND and not exists:
        return ok("no job to join yet; the server responds to joins")
    return fail(
        f"joining returns {code}" if code else "no response to a join",
        "see the server's log; until then, jobs are polled",
        exit_code=ExitCode.TEMPORARY,
    )
