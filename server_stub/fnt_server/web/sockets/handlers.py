"""Socket.IO handlers: connect, join, leave, cancel. Acknowledgments go to the caller only."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, request
from flask_socketio import SocketIO, emit, join_room, leave_room
from msgspec import UNSET, UnsetType
from socketio.exceptions import ConnectionRefusedError  # noqa: A004 -- the library's name

from fnt.wire import events
from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.socket_payloads import ErrorAck, ErrorEvent, JobAck, JobRequest, RefusalDetails
from fnt.wire.structs import WireError
from fnt_server.auth import audit
from fnt_server.auth.logins import Identity
from fnt_server.auth.tokens import TokenProblem
from fnt_server.db.connection import UNAVAILABLE
from fnt_server.failure_reasons import reason
from fnt_server.jobs import queries, state
from fnt_server.jobs.state import JobRefused
from fnt_server.web.api.errors import token_message
from fnt_server.web.services import Services, services
from fnt_server.web.sockets.event_limits import EventLimits
from fnt_server.web.sockets.handshakes import HANDSHAKE
from fnt_server.web.sockets.registry import SocketRegistry

log = logging.getLogger(__name__)

Ack = dict[str, Any]
_INTERNAL = "internal server error: see the server's log"


def install(
    socketio: SocketIO, app: Flask, connections: SocketRegistry, limits: EventLimits
) -> None:
    """Attach the handlers."""
    handlers = _Handlers(connections, limits)
    socketio.on_event("connect", handlers.connect)
    socketio.on_event("disconnect", handlers.disconnect)
    socketio.on_event(events.JOIN_JOB, handlers.join)
    socketio.on_event(events.LEAVE_JOB, handlers.leave)
    socketio.on_event(events.CANCEL_JOB, handlers.cancel)
    app.extensions["fnt.connections"] = connections


class _Handlers:
    def __init__(self, connections: SocketRegistry, limits: EventLimits) -> None:
        self._connections = connections
        self._limits = limits

    def connect(self, auth: Any = None) -> None:
        try:
            identity = _identify(services(), auth.get("token") if isinstance(auth, dict) else None)
        except TokenProblem as problem:
            raise _refused(problem.code, token_message(problem.code)) from None
        except UNAVAILABLE as error:
            log.warning("database unavailable: %s", reason(error))
            raise _refused(ErrorCode.BUSY, "the database does not answer") from None
        except Exception:
            log.exception("connect failed")
            raise _refused(ErrorCode.INTERNAL, _INTERNAL) from None
        if self._limits.is_blocked(identity.user_id):
            raise _refused(ErrorCode.RATE_LIMITED, "too many events: try again in a moment")
        if not self._connections.register(_sid(), identity):
            raise _refused(ErrorCode.BUSY, "too many live connections: try again later")
        request.environ[HANDSHAKE].authenticated(identity.user_id)

    def disconnect(self, *_: object) -> None:
        self._connections.unregister(_sid())
        request.environ[HANDSHAKE].begin()

    def join(self, *payload: Any) -> Ack:
        return self._acknowledge(payload, self._join)

    def leave(self, *payload: Any) -> Ack:
        return self._acknowledge(payload, self._leave)

    def cancel(self, *payload: Any) -> Ack:
        return self._acknowledge(payload, self._cancel)

    def _join(self, identity: Identity, asked: JobRequest) -> Ack:
        if asked.token is not None:
            newer = _identify(services(), asked.token)
            if newer.user_id != identity.user_id:
                raise TokenProblem(ErrorCode.TOKEN_INVALID)
            self._connections.extend(_sid(), newer)
        room, database = events.job_room(asked.job_id), services().database
        if queries.get(database, identity.user_id, asked.job_id) is None:
            raise _job_not_found()
        # Join, then read: a change in between shows in the row or arrives in the room.
        join_room(room)
        job = queries.get(database, identity.user_id, asked.job_id)
        if job is None:
            leave_room(room)
            raise _job_not_found()
        if JobStatus(job.status).is_terminal:
            leave_room(room)
        return JobAck(job=queries.snapshot(job)).to_wire()

    def _leave(self, _identity: Identity, asked: JobRequest) -> Ack:
        leave_room(events.job_room(asked.job_id))
        return JobAck().to_wire()

    def _cancel(self, identity: Identity, asked: JobRequest) -> Ack:
        found = state.cancel(services().database, identity.user_id, asked.job_id)
        if found is None:
            raise _job_not_found()
        job, changed = found
        snapshot = queries.snapshot(job)
        if changed:
            services().publisher.publish(snapshot.to_wire())
        return JobAck(job=snapshot).to_wire()

    def _acknowledge(self, payload: tuple[Any, ...], action: Any) -> Ack:
        """Run an event's action; a failure returns `ok: false` and emits an `error` event."""
        content = payload[0] if len(payload) == 1 and isinstance(payload[0], dict) else {}
        job_id: int | UnsetType = UNSET
        try:
            asked = JobRequest.from_wire(content)
            job_id = asked.job_id
            identity = self._connections.identity(_sid())
            if identity is None:
                raise TokenProblem(ErrorCode.TOKEN_EXPIRED)
            answer: Ack = action(identity, asked)
        except WireError as error:
            return _error_ack(ErrorCode.BAD_REQUEST, str(error), job_id)
        except TokenProblem as problem:
            return _error_ack(problem.code, token_message(problem.code), job_id)
        except JobRefused as refused:
            return _error_ack(refused.code, refused.message, job_id)
        except UNAVAILABLE as error:
            log.warning("database unavailable: %s", reason(error))
            return _error_ack(
                ErrorCode.UNAVAILABLE, "the database does not answer: try again", job_id
            )
        except Exception:
            log.exception("socket event failed")
            return _error_ack(ErrorCode.INTERNAL, _INTERNAL, job_id)
        return answer


def _error_ack(code: ErrorCode, message: str, job_id: int | UnsetType) -> Ack:
    body = ErrorEvent(message=message, error_code=str(code), job_id=job_id)
    # To this caller only, so not through the broker, which may be down.
    emit(events.ERROR, body.to_wire(), ignore_queue=True)
    return ErrorAck(error_code=str(code), error=message).to_wire()


def _identify(found: Services, token: object) -> Identity:
    if not isinstance(token, str) or not token:
        raise TokenProblem(ErrorCode.NOT_LOGGED_IN)
    audit.address.set(request.remote_addr or "unknown")
    return found.authenticator.identify(token)


def _job_not_found() -> JobRefused:
    return JobRefused(ErrorCode.JOB_NOT_FOUND, "job not found")


def _refused(code: ErrorCode, sentence: str) -> ConnectionRefusedError:
    return ConnectionRefusedError(str(code), RefusalDetails(error=sentence).to_wire())


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]  # Flask-SocketIO adds it
