"""Tells whether a broker can be used, without importing Celery."""

from __future__ import annotations

import redis

from fnt_server.config.environment import ConfigError
from fnt_server.failure_reasons import reason
from fnt_server.messaging.redis_options import redis_options

PROBE_KEY = "fnt.check"


def ping(url: str) -> None:
    """Raise RedisError unless the broker at this URL answers in time."""
    with _client(url) as client:
        client.ping()


def answers(url: str) -> bool:
    """Return whether the broker at this URL answers in time."""
    try:
        ping(url)
    except redis.RedisError:
        return False
    return True


def require_valid(url: str, *, setting: str) -> None:
    """Raise ConfigError for a URL whose options no connection takes: that is not mended by time."""
    try:
        pool = redis.ConnectionPool.from_url(url, **redis_options(url))
        pool.make_connection()  # connects nowhere yet
    except (TypeError, ValueError, redis.RedisError) as error:
        raise ConfigError(f"{setting} has an option that is not valid") from error


def require_usable(url: str, *, setting: str) -> None:
    """Raise ConfigError if the broker cannot be written to; it names the setting to correct."""
    require_valid(url, setting=setting)
    try:
        with _client(url) as client:
            client.set(PROBE_KEY, "1", ex=10)
    except redis.RedisError as error:
        raise ConfigError(reason(error, setting=setting)) from error


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, retry=None, **redis_options(url))
