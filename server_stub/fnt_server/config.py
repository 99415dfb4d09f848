"""Server settings, read once from the environment into a frozen object."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

import platformdirs

from fnt_server.concurrency import GEVENT, THREADS

METRICS_FILES = "PROMETHEUS_MULTIPROC_DIR"
"""Folder in which several processes store their counts; read by prometheus_client."""

_MB = 1024 * 1024

N = TypeVar("N", int, float)


class ConfigError(Exception):
    """An invalid setting; the message is one line that names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The server's settings."""

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 5000
    worker_class: str = THREADS
    """What serves a socket of a web process: a thread, or a greenlet (`gevent`)."""
    workers: int = 2
    """Slots of a worker: steps that run at once."""
    database_url: str = ""
    broker_url: str = ""
    """`redis://`, `rediss://` or `unix:///path`; empty: `run` starts a broker of its own."""
    events_url: str = ""
    """Carries events from the workers to the web processes; the broker by default."""
    storage_url: str = ""
    secret_key_file: Path | None = None
    proxies: int = 0
    """Number of trusted reverse proxies in front of the web process."""
    cors_origins: tuple[str, ...] = ()
    access_ttl_s: int = 900
    device_interval_s: int = 5
    """How often a waiting device may poll."""
    max_upload_bytes: int = 50 * 1024 * 1024
    max_pages: int = 5000
    log_format: str = "text"
    metrics_port: int = 0
    """Port for Prometheus on 127.0.0.1; 0 disables it."""
    max_queued_jobs: int = 10_000
    """Limit on unfinished jobs of all users."""
    user_quota_bytes: int = 10_000 * _MB
    """Bytes of files and results that one user may store; 0: any number."""
    max_user_jobs: int = 2_000
    """Limit on unfinished jobs per user."""
    drain_s: int = 8
    """Time to finish requests and stop steps after SIGTERM."""
    lease_s: float = 20.0
    pace_ms: int = 0
    max_sockets: int = 400
    max_sockets_per_user: int = 20
    connect_within_s: float = 10.0
    """A socket not authenticated by then is closed."""
    stalled_after_s: float = 20.0
    """Uploads that make no progress for this long are cut off, as are other requests that have not
    arrived by then."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read `FNT_*`, `DATABASE_URL` and `CELERY_BROKER_URL`; raises ConfigError."""
        data_dir = Path(
            environ.get("FNT_DATA_DIR") or platformdirs.user_data_dir("fnt-server", appauthor=False)
        ).absolute()
        broker = environ.get("FNT_BROKER_URL") or environ.get("CELERY_BROKER_URL") or ""
        secret = environ.get("FNT_SECRET_KEY_FILE")
        database_url = _database_url(environ.get("DATABASE_URL"), data_dir)
        return cls(
            data_dir=data_dir,
            host=environ.get("FNT_HOST") or "127.0.0.1",
            port=_number(environ, "FNT_PORT", 5000, int, 0, 65535),
            workers=_number(environ, "FNT_WORKERS", os.cpu_count() or 2, int, 1, 256),
            worker_class=_worker_class(environ.get("FNT_WORKER_CLASS"), database_url),
            database_url=database_url,
            broker_url=_checked_broker(broker),
            events_url=_checked_broker(environ.get("FNT_EVENTS_URL") or broker),
            storage_url=environ.get("FNT_STORAGE_URL") or (data_dir / "files").as_uri(),
            secret_key_file=Path(secret) if secret else data_dir / "secret.key",
            proxies=_number(environ, "FNT_PROXIES", 0, int, 0, 8),
            cors_origins=tuple((environ.get("FNT_CORS_ORIGINS") or "").replace(",", " ").split()),
            access_ttl_s=_number(environ, "FNT_ACCESS_TTL_S", 900, int, 1, 86400),
            device_interval_s=_number(environ, "FNT_DEVICE_INTERVAL_S", 5, int, 1, 60),
            max_upload_bytes=_number(environ, "FNT_MAX_UPLOAD_MB", 50, int, 1, 4096) * 1024 * 1024,
            max_pages=_number(environ, "FNT_MAX_PAGES", 5000, int, 1, 100_000),
            log_format=_one_of(environ, "FNT_LOG_FORMAT", ("text", "json")),
            metrics_port=_number(environ, "FNT_METRICS_PORT", 0, int, 0, 65535),
            max_queued_jobs=_number(environ, "FNT_MAX_QUEUED_JOBS", 10_000, int, 1, 10_000_000),
            user_quota_bytes=_number(environ, "FNT_USER_QUOTA_MB", 10_000, int, 0, 100_000_000)
            * _MB,
            max_user_jobs=_number(environ, "FNT_MAX_USER_JOBS", 2_000, int, 1, 10_000_000),
            drain_s=_number(environ, "FNT_DRAIN_S", 8, int, 1, 600),
            lease_s=_number(environ, "FNT_LEASE_S", 20.0, float, 1, 3600),
            pace_ms=_number(environ, "FNT_PACE_MS", 0, int, 0, 600_000),
            max_sockets=_number(environ, "FNT_MAX_SOCKETS", 400, int, 1, 100_000),
            max_sockets_per_user=_number(environ, "FNT_MAX_SOCKETS_PER_USER", 20, int, 1, 100_000),
            connect_within_s=_number(environ, "FNT_CONNECT_WITHIN_S", 10.0, float, 1, 600),
            stalled_after_s=_number(environ, "FNT_STALLED_AFTER_S", 20.0, float, 1, 600),
        )

    def prepare_data_dir(self) -> None:
        """Create the data folder (0700) if it is missing; raises ConfigError."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"cannot use {self.data_dir}: {error.strerror}") from error

    def to_env(self) -> dict[str, str]:
        """Return the environment variables that give a child the same settings."""
        return {
            "FNT_DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.database_url,
            "FNT_BROKER_URL": self.broker_url,
            "FNT_EVENTS_URL": self.events_url,
            "FNT_STORAGE_URL": self.storage_url,
            "FNT_SECRET_KEY_FILE": str(self.secret_key_file),
            "FNT_WORKERS": str(self.workers),
            "FNT_DRAIN_S": str(self.drain_s),
        }

    @property
    def celery_broker_url(self) -> str:
        """The broker's URL for kombu, which spells a socket `redis+socket://`."""
        return self.broker_url.replace("unix://", "redis+socket://", 1)

    @property
    def is_embedded(self) -> bool:
        """Whether `run` starts a broker of its own."""
        return not self.broker_url


def _number(
    environ: Mapping[str, str], name: str, default: N, read: Callable[[str], N], low: N, high: N
) -> N:
    text = environ.get(name)
    if not text:
        return default
    try:
        value = read(text)
    except ValueError:
        raise ConfigError(f"{name} must be a number, not {text[:40]!r}") from None
    if not low <= value <= high:
        raise ConfigError(f"{name} must be {low} to {high}, not {text[:40]}")
    return value


def _one_of(environ: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    """Return one of these words; the first if not set."""
    word = environ.get(name) or words[0]
    if word not in words:
        raise ConfigError(f"{name} must be {' or '.join(words)}, not {word[:40]!a}")
    return word


def sqlite_url(file: Path) -> str:
    """Return SQLAlchemy's URL of a file, whatever its name holds: `?` and `%` are part of it."""
    return f"sqlite:///{quote(str(file))}"


def _database_url(url: str | None, data_dir: Path) -> str:
    if not url:
        return sqlite_url(data_dir / "fnt.db")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"sqlite", "postgresql", "postgres"}:
        raise ConfigError("DATABASE_URL must begin with sqlite:/// or postgresql://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres"} else url


def _worker_class(name: str | None, database_url: str) -> str:
    if not name or name == THREADS:
        return THREADS
    if name != GEVENT:
        raise ConfigError(f"FNT_WORKER_CLASS must be {THREADS} or {GEVENT}, not {name[:40]!r}")
    if database_url.startswith("sqlite"):
        raise ConfigError(
            "gevent needs PostgreSQL, because a SQLite call would block every socket: "
            "set DATABASE_URL=postgresql://… or omit --worker-class"
        )
    return GEVENT


def _checked_broker(url: str) -> str:
    url = url.replace("redis+socket://", "unix://", 1).replace("valkey://", "redis://", 1)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigError("FNT_BROKER_URL or FNT_EVENTS_URL is not a valid URL") from None
    if url and parts.scheme not in {"redis", "rediss", "unix"}:
        raise ConfigError("FNT_BROKER_URL must begin with redis://, rediss:// or unix://")
    return url
