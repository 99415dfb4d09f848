"""Wakeups and events: two installations on one broker must not receive each other's."""

from __future__ import annotations

import time

import pytest
import redis

from e2e.harness import wait_for
from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from fnt_server.messaging import broker, broker_probe
from fnt_server.messaging.event_manager import emit_job, make_manager
from server.services import BrokerProcess


def config(url: str) -> Config:
    return Config.from_env({"FNT_DATA_DIR": "/srv/fnt", "FNT_BROKER_URL": url})


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("redis://h", "redis://h:6379/0", True),
        ("unix:///a.sock", "unix:///a.sock?db=0", True),
        ("redis://h/1", "redis://h/2", False),
        ("unix:///a.sock?db=1", "unix:///a.sock?db=2", False),
    ],
)
def test_servers_on_two_databases_of_one_broker_hear_only_their_own(
    one: str, other: str, is_same: bool
) -> None:
    channels = [make_manager(config(url)).channel for url in (one, other)]

    assert (channels[0] == channels[1]) is is_same


def test_answers_tells_who_answers_in_time(broker_process: BrokerProcess) -> None:
    started = time.monotonic()

    assert broker_probe.answers(broker_process.url)
    assert not broker_probe.answers("unix:///nowhere/broker.sock")
    assert not broker_probe.answers("redis://127.0.0.1:1")
    assert time.monotonic() - started < 1.0


def test_a_wakeup_waits_in_the_queue(broker_process: BrokerProcess) -> None:
    sender = broker.make_wakeup_sender(config(broker_process.url + "?virtual_host=7"))

    broker.send_wakeup(sender)

    with sender.connection_for_read() as connection:
        queue = connection.SimpleQueue("fnt.steps")
        message = wait_for(lambda: queue.get(timeout=1), within_s=3, what="the wakeup is there")
        assert message.headers["task"] == broker.WAKEUP_TASK
        assert message.headers["expires"] is None  # by whose clock?
        message.ack()
        queue.close()


def test_unread_wakeups_do_not_pile_up(
    broker_process: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "MAX_WAKEUPS", 5)  # 1000 take half a second
    sender = broker.make_wakeup_sender(config(broker_process.url + "?virtual_host=8"))

    for _ in range(17):
        broker.send_wakeup(sender)

    with sender.connection_for_read() as connection:
        waiting = connection.default_channel.queue_declare(broker.QUEUE).message_count
    assert waiting == 17 % 5


def test_an_event_that_is_given_up_is_a_failure() -> None:
    manager = make_manager(config("redis://127.0.0.1:1"))

    with pytest.raises(redis.ConnectionError):
        emit_job(manager, 1, {"id": 1})


@pytest.mark.parametrize(
    "url",
    ["redis://h/0?foo=bar", "redis://h/0?socket_timeout=abc", "redis://h/0?db=x",
     "redis://h/0?protocol=9", "rediss://h/0?ssl_cert_reqs=foo", "unix:///x?foo=bar"],
)  # fmt: skip
def test_an_option_that_no_connection_takes_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^FNT_EVENTS_URL has an option that is not valid$"):
        broker_probe.require_valid(url, setting="FNT_EVENTS_URL")


@pytest.mark.parametrize("url", ["redis://u:p@[::1]:5/0", "rediss://h/0", "unix:///x?db=1"])
def test_a_url_with_valid_options_is_one(url: str) -> None:
    broker_probe.require_valid(url, setting="FNT_EVENTS_URL")
