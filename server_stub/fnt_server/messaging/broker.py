"""Wakeups and events through Redis or Valkey; both may be lost."""

from __future__ import annotations

from celery import Celery

from fnt_server.config import Config
from fnt_server.messaging.redis_options import KEEPALIVE, TIMEOUT_S, redis_options

WAKEUP_TASK = "fnt.bell"
HEALTH_CHECK_EVERY_S = 10
"""How often a worker that waits for wakeups checks that its broker is there."""
MAX_WAKEUPS = 256
"""More unread wakeups than this mean that no worker is running."""
QUEUE = "fnt.steps"


def make_celery(config: Config) -> Celery:
    """Create the Celery application: one queue, one task without arguments, no results."""
    celery = Celery("fnt", broker=config.celery_broker_url)
    celery.conf.update(
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_keepalive": True,
            "socket_keepalive_options": KEEPALIVE,
            "health_check_interval": HEALTH_CHECK_EVERY_S,
        },
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_acks_late=False,
    )
    return celery


def make_wakeup_sender(config: Config) -> Celery:
    """Create the sending side: it gives up within a second if the broker is down."""
    celery = make_celery(config)
    celery.conf.update(
        broker_transport_options={
            **redis_options(config.broker_url),
            "max_retries": 0,
            "retry_on_timeout": False,
        },
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
