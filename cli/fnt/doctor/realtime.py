"""Checks of the live connection: upgrade, origins, and a room joined."""

from __future__ import annotations

import queue

from fnt.doctor.context import DoctorContext
from fnt.doctor.result import Verdict, fail, ok, skip, warn
from fnt.doctor.server import ONCE
from fnt.errors import ExitCode, TemporaryError
from fnt.stream import Ack
from fnt.wire.errors import ErrorCode
from fnt.wire.events import JOIN_JOB

SWITCHING = 101
ANSWER_S = 3.0
STRANGER = "https://stranger.invalid"
NO_JOB = 1
"""Somebody else's or nobody's, for a user without jobs: both are answered in the same way."""
SOCKET_HINT = "the upgrade works, the connection does not: a proxy that cuts it, or an older server"
POLLING_HINT = "let the proxy pass /socket.io/ with its Upgrade header; jobs are polled meanwhile"


def websocket(target: DoctorContext) -> Verdict:
    """Ask for an upgrade as the client does, without Origin."""
    try:
        status = target.connection.anonymous.probe_socket().status
    except TemporaryError:
        return warn("polling only: the upgrade is cut off on the way", POLLING_HINT)
    if status != SWITCHING:
        return warn(f"polling only: the upgrade is answered by {status}", POLLING_HINT)
    target.has_websocket = True
    return ok("the upgrade is let through")


def origin(target: DoctorContext) -> Verdict:
    """See whom the server lets in: us, who send no Origin, and a page from elsewhere."""
    if not target.has_websocket:
        return skip("there is no websocket")
    status = target.connection.anonymous.probe_socket(origin=STRANGER).status
    if status == SWITCHING:
        return warn(
            "pages of any origin are accepted too", "name yours in the server's FNT_CORS_ORIGINS"
        )
    return ok(f"a client without Origin is accepted, a foreign page is answered by {status}")


def join(target: DoctorContext) -> Verdict:
    """Join the room of the newest job; without any, one that does not exist is answered too."""
    if not target.has_websocket:
        return skip("there is no websocket")
    stream = target.stream = target.connection.open_stream(target.inbox)
    try:
        stream.connect(ANSWER_S)
    except TemporaryError as error:
        busy = error.code == ErrorCode.BUSY
        hint = "try again in a while" if busy else SOCKET_HINT
        return warn(f"polling only: {error.message}", hint)
    newest = next(target.connection.api.list_jobs(limit=1, retry=ONCE), None)
    job_id = newest.id if newest is not None else NO_JOB
    stream.join(job_id)
    return _judged(_answer(target), job_id, exists=newest is not None)


def _answer(target: DoctorContext) -> object:
    """Wait for the answer to the join; news of jobs may come before."""
    while True:
        try:
            event = target.inbox.get(timeout=ANSWER_S)
        except queue.Empty:
            return None
        if isinstance(event, Ack) and event.verb == JOIN_JOB:
            return event.payload


def _judged(payload: object, job_id: int, *, exists: bool) -> Verdict:
    said = payload if isinstance(payload, dict) else {}
    if said.get("ok") is True:
        return ok(f"the room of job {job_id} was joined")
    code = str(said.get("error_code", ""))[:40]
    if code == ErrorCode.JOB_NOT_FOUND and not exists:
        return ok("there is no job yet; a join is answered")
    return fail(
        f"a join is answered by {code}" if code else "a join is not answered",
        "the server's log has the reason; jobs are polled meanwhile",
        exit_code=ExitCode.TEMPORARY,
    )
