"""The worker's end of the queue: whatever lies in it is a wakeup, and nothing more.

Whoever can write to the broker could put anything there. Celery would decode it first: what is no
JSON ends its worker, a time limit kills a step, a date keeps it waiting.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import redis
from kombu.transport import TRANSPORT_ALIASES
from kombu.transport.redis import Channel, Transport
from kombu.transport.virtual import QoS

from fnt_server.messaging.broker import QUEUE, WAKEUP_TASK

_NO_ARGUMENTS = json.dumps(([], {}, {}))


def install() -> None:
    """Let every connection of Celery in this process use this transport."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:{WakeupTransport.__name__}"


class _WakeupClient(redis.Redis):
    def parse_response(self, connection: Any, command_name: Any, **options: Any) -> Any:
        answer = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        return [answer[0], _wakeup()] if command_name == "BRPOP" and answer else answer


class _WakeupChannel(Channel):
    """Keeps no record in the broker of what it has read: wakeups may be lost.

    With one, a wakeup that could not be acknowledged took up this worker's only place: it read no
    more, and so never noticed that its connection was lost.
    """

    QoS = QoS  # type: ignore[assignment]  # the base of the one it replaces
    do_restore = False

    def _get_client(self) -> type[redis.Redis]:
        super()._get_client()  # type: ignore[no-untyped-call]  # checks the version of the library
        return _WakeupClient


class WakeupTransport(Transport):
    """Redis transport that does not trust the queue's contents."""

    Channel = _WakeupChannel
    connection_errors = (*Transport.connection_errors, redis.ResponseError)
    """A broker that refuses to write, such as one out of memory, is away for a while."""


def _wakeup() -> bytes:
    """Return a wakeup as `send_wakeup` stores it."""
    task_id = str(uuid.uuid4())
    return json.dumps(
        {
            "body": _NO_ARGUMENTS,
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {"task": WAKEUP_TASK, "id": task_id},
            "properties": {
                "delivery_info": {"exchange": QUEUE, "routing_key": QUEUE},
                "delivery_tag": task_id,
            },
        }
    ).encode()
