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
from kombu.transport.redis import Channel, QoS, Transport

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


class _DroppingQoS(QoS):
    def restore_by_tag(self, tag: Any, client: Any = None, leftmost: Any = False) -> None:  # noqa: ARG002 -- as the library calls it
        """Drop what a lost worker had taken, unread: the reaper repeats lost wakeups."""
        with self.channel.conn_or_acquire(client) as connection:
            connection.zrem(self.unacked_index_key, tag)
            connection.hdel(self.unacked_key, tag)


class _WakeupChannel(Channel):
    QoS = _DroppingQoS

    def _get_client(self) -> type[redis.Redis]:
        super()._get_client()  # type: ignore[no-untyped-call]  # checks the version of the library
        return _WakeupClient


class WakeupTransport(Transport):
    """Redis, without trust in what is in the queue."""

    Channel = _WakeupChannel


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
