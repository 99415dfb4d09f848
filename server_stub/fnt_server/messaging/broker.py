"""Wakeups and events through Redis or Valkey; both may be lost."""

from __future__ import annotations

from typing import Any

import redis
from celery import Celery
from redis.connection import parse_url
from socketio import RedisManager

from fnt.wire import events
from fnt_server.config import Config

TIMEOUT_S = 1.0
WAKEUP_TASK = "fnt.bell"
MAX_WAKEUPS = 256
"""More unread wakeups than this mean that no worker is running."""
QUEUE = "fnt.steps"
CHANNEL = "fnt.events"

_REDIS_OPTIONS = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}


def make_celery(config: Config) -> Celery:
    """Create the Celery application: one queue, one task without arguments, no results."""
    celery = Celery("fnt", broker=config.celery_broker_url)
    celery.conf.update(
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_keepalive": True},
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_acks_late=False,
    )
    return celery


def make_wakeup_sender(config: Config) -> Celery:
    """Create the sending side: it gives up within a second if the broker is down."""
    celery = make_celery(config)
    celery.conf.update(
        broker_transport_options={**_REDIS_OPTIONS, "max_retries": 0, "retry_on_timeout": False},
        broker_connection_timeout=TIMEOUT_S,
    )
    return celery


def send_wakeup(sender: Celery) -> None:
    """Send one wakeup; raises whatever the broker's client raises.

    Purges a queue that nobody reads, because the broker would keep unread wakeups forever. Wakeups
    do not expire: that would compare the clocks of two machines.
    """
    with sender.producer_or_acquire() as producer:
        if producer.channel.queue_declare(QUEUE).message_count >= MAX_WAKEUPS:
            producer.channel.queue_purge(QUEUE)
        sender.send_task(WAKEUP_TASK, retry=False, producer=producer)


class _StrictRedisManager(RedisManager):  # type: ignore[misc]  # socketio has no types
    """Raises when an event is dropped; the library only logs it."""

    def _publish(self, data: dict[str, Any]) -> None:
        if super()._publish(data) is None and data["method"] == "emit":
            raise ConnectionError("the event bus is unreachable")


def make_manager(config: Config, *, write_only: bool) -> RedisManager:
    """Create the manager that relays emits to the sockets of every web process."""
    options = _REDIS_OPTIONS if write_only else {"socket_connect_timeout": TIMEOUT_S}
    # The databases of a Redis share its channels, and two installations may share a Redis.
    number = parse_url(config.events_url).get("db", 0)  # type: ignore[no-untyped-call]
    return _StrictRedisManager(
        config.events_url,
        channel=f"{CHANNEL}.{number}",
        write_only=write_only,
        redis_options=options,
    )


def emit_job(manager: Any, job_id: int, job: dict[str, Any]) -> None:
    """Emit a job to its room."""
    manager.emit(events.JOB_PROGRESS, job, namespace="/", room=events.job_room(job_id))


def answers(url: str, *, timeout_s: float = TIMEOUT_S) -> bool:
    """Return whether the broker at this URL answers a PING in time."""
    client = redis.Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=None
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
