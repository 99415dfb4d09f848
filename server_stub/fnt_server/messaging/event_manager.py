"""The Socket.IO manager of a process: publishes events, and relays those of others to its sockets.

The library logs what it cannot publish, waits up to a minute before it subscribes again, and does
not notice a connection that is half open. This one raises, tries again at once, and asks the bus
whether it is there. And the library does whatever a message says.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

import msgspec
import redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry
from socketio import RedisManager

from fnt.wire import events
from fnt_server.config import Config
from fnt_server.failure_reasons import reason
from fnt_server.messaging.redis_options import redis_options

log = logging.getLogger(__name__)

CHANNEL = "fnt.events"
PING_EVERY_S = 2.0
PINGS = 2
"""A bus that has not answered this many pings is down."""
HEARD_WITHIN_S = (PINGS + 1) * PING_EVERY_S
SUBSCRIBE_AGAIN_AFTER_S = 1.0
MAX_EVENT_BYTES = 64 * 1024
"""Of a job; one with the longest names and messages has a few thousand."""

MAX_RELAYED = 10_000
"""Rooms whose version is remembered; without it, a job is sent once more."""

ReadJob = Callable[[int], dict[str, Any] | None]


class _JobEvent(msgspec.Struct, frozen=True):
    method: Literal["emit"]
    event: Literal["job_progress"]
    namespace: Literal["/"]
    room: Annotated[str, msgspec.Meta(pattern=r"^job_[1-9][0-9]{0,17}\Z")]
    host_id: str


class EventManager(RedisManager):  # type: ignore[misc]  # socketio has no types
    """Sends events to the sockets of every web process."""

    def __init__(self, url: str, *, channel: str, read_job: ReadJob | None) -> None:
        super().__init__(url, channel=channel, write_only=read_job is None)
        self._read_job = read_job
        self._relayed: dict[str, int] = {}
        """The version last relayed to a room: the first of many events at once has the newest."""
        self._options = redis_options(url)
        # One more attempt: the connection may be of a Redis that has restarted since.
        self._publisher = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 1), **self._options)
        self._heard_at = float("-inf")

    def is_subscribed(self) -> bool:
        """Return whether the bus was heard a moment ago."""
        return time.monotonic() - self._heard_at < HEARD_WITHIN_S

    def _publish(self, data: dict[str, Any]) -> None:
        try:
            self._publisher.publish(self.channel, self.json.dumps(data))
        except redis.RedisError as error:
            if data["method"] == "emit":
                raise
            log.warning("%s not published: %s", data["method"], reason(error))

    def _listen(self) -> Iterator[dict[str, Any]]:
        while True:
            try:
                yield from filter(None, map(self._checked, self._messages()))
            except redis.RedisError as error:
                words = reason(error, setting="FNT_EVENTS_URL")
                log.warning("event subscription lost: %s", words)
            self._heard_at = float("-inf")
            time.sleep(SUBSCRIBE_AGAIN_AFTER_S)

    def _checked(self, data: bytes) -> dict[str, Any] | None:
        """Return a job event with what the database holds; None for anything else.

        Whoever can publish could make up a message, so it only says which job to look at, and only
        one that is watched here is looked at.
        """
        try:
            event = msgspec.json.decode(data[:MAX_EVENT_BYTES], type=_JobEvent)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not self._read_job or event.host_id == self.host_id:  # its sockets have it already
            return None
        if not any(self.get_participants("/", event.room)):
            return None
        job = self._read_job(int(event.room.partition("_")[2]))
        if job is None or self._relayed.get(event.room) == job["version"]:
            return None
        if len(self._relayed) >= MAX_RELAYED:
            self._relayed.clear()
        self._relayed[event.room] = job["version"]
        return {**msgspec.structs.asdict(event), "data": [job]}

    def _messages(self) -> Iterator[bytes]:
        """Subscribe and yield messages until the bus is silent; raises RedisError."""
        client = redis.Redis.from_url(self.redis_url, retry=None, **self._options)
        with client, client.pubsub() as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(self.channel)
            unanswered = 0
            while unanswered <= PINGS:
                message = subscription.get_message(timeout=PING_EVERY_S)
                if message is None:
                    unanswered += 1
                    subscription.ping()
                    continue
                unanswered, self._heard_at = 0, time.monotonic()
                if message["type"] == "message":
                    yield message["data"]
        raise redis.TimeoutError("timeout: the bus does not answer")


def make_manager(config: Config, *, read_job: ReadJob | None = None) -> EventManager:
    """Create the manager of a process; only with `read_job` does it relay events to its sockets.

    `read_job` returns a job as clients see it; None if it does not exist or cannot be read now.
    """
    # The databases of a Redis share its channels, and two installations may share a Redis.
    number = parse_url(config.events_url).get("db", 0)  # type: ignore[no-untyped-call]
    return EventManager(config.events_url, channel=f"{CHANNEL}.{number}", read_job=read_job)


def emit_job(manager: Any, job_id: int, job: dict[str, Any]) -> None:
    """Emit a job to its room."""
    manager.emit(events.JOB_PROGRESS, job, namespace="/", room=events.job_room(job_id))
