"""Server settings, read once from the environment into a frozen object; one file a topic."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from fnt_server.concurrency import GEVENT, THREADS
from fnt_server.config.allowed_hosts import allowed_hosts
from fnt_server.config.connection_limits import ConnectionLimits
from fnt_server.config.environment import ConfigError, choice, number, read_section, read_settings
from fnt_server.config.job_quotas import JobQuotas
from fnt_server.config.lease_length import LeaseLength
from fnt_server.config.model_requests import ModelRequests
from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.config.retention_period import RetentionPeriod
from fnt_server.config.service_urls import broker_url, database_url, place, storage_url
from fnt_server.config.shutdown_timeout import ShutdownTimeout
from fnt_server.config.socket_limits import SocketLimits
from fnt_server.config.token_lifetimes import TokenLifetimes
from fnt_server.config.upload_limits import UploadLimits

RESTORE_FOLDERS = (".restore-ready", ".restore-moving")
"""Folders in a data folder while a restore is moving files into it."""
METRICS_FILES = "PROMETHEUS_MULTIPROC_DIR"
"""Folder in which several processes store their counts; read by prometheus_client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The server's settings: where things are, and one section a topic."""

    data_dir: Path
    secret_key_file: Path
    database_url: str
    storage_url: str
    broker_url: str
    """`redis://`, `rediss://` or `unix:///path`; empty: `run` starts a broker of its own."""
    events_url: str
    """Carries events from the workers to the web processes; the broker by default."""
    host: str
    port: int = number("FNT_PORT", 5000, 0, 65535)
    worker_class: str
    """What serves a socket of a web process: a thread, or a greenlet (`gevent`)."""
    cors_origins: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    """Host names that requests may use; `*`: any."""
    proxies: int = number("FNT_PROXIES", 0, 0, 8)
    """Number of trusted reverse proxies in front of the web process."""
    workers: int = number("FNT_WORKERS", os.cpu_count() or 2, 1, 256)
    """Slots of a worker: steps that run at once."""
    log_format: str = choice("FNT_LOG_FORMAT", "text", "json")
    metrics_port: int = number("FNT_METRICS_PORT", 0, 0, 65535)
    """Port for Prometheus on 127.0.0.1; 0 disables it."""
    device_interval_s: int = number("FNT_DEVICE_INTERVAL_S", 5, 1, 60)
    """How often a waiting device may poll."""
    pace_ms: int = number("FNT_PACE_MS", 0, 0, 600_000)
    """Pause after each chunk, for demos and tests."""
    tokens: TokenLifetimes
    uploads: UploadLimits
    pdfs: PdfLimits
    models: ModelRequests
    quotas: JobQuotas
    retention: RetentionPeriod
    leases: LeaseLength
    sockets: SocketLimits
    connections: ConnectionLimits
    shutdown: ShutdownTimeout

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read `FNT_*`, `DATABASE_URL` and `CELERY_BROKER_URL`; raises ConfigError."""
        _require_text(environ)
        data_dir = Path(environ.get("FNT_DATA_DIR") or _default_data_dir()).absolute()
        database = database_url(environ.get("DATABASE_URL"), data_dir)
        broker = environ.get("FNT_BROKER_URL") or environ.get("CELERY_BROKER_URL") or ""
        broker_setting = "FNT_BROKER_URL" if environ.get("FNT_BROKER_URL") else "CELERY_BROKER_URL"
        events = environ.get("FNT_EVENTS_URL")
        host = environ.get("FNT_HOST") or "127.0.0.1"
        settings = read_settings(cls, environ)
        return cls(
            data_dir=data_dir,
            secret_key_file=Path(environ.get("FNT_SECRET_KEY_FILE") or data_dir / "secret.key"),
            database_url=database,
            storage_url=storage_url(
                environ.get("FNT_STORAGE_URL") or (data_dir / "files").as_uri()
            ),
            broker_url=broker_url(broker, setting=broker_setting),
            events_url=(
                broker_url(events, setting="FNT_EVENTS_URL")
                if events
                else broker_url(broker, setting=broker_setting)
            ),
            host=host,
            worker_class=_worker_class(environ.get("FNT_WORKER_CLASS"), database),
            cors_origins=tuple((environ.get("FNT_CORS_ORIGINS") or "").replace(",", " ").split()),
            allowed_hosts=allowed_hosts(
                environ.get("FNT_ALLOWED_HOSTS") or "",
                listens_on=host,
                proxies=settings["proxies"],
            ),
            tokens=read_section(TokenLifetimes, environ),
            uploads=read_section(UploadLimits, environ),
            pdfs=read_section(PdfLimits, environ),
            models=read_section(ModelRequests, environ),
            quotas=read_section(JobQuotas, environ),
            retention=read_section(RetentionPeriod, environ),
            leases=read_section(LeaseLength, environ),
            sockets=read_section(SocketLimits, environ),
            connections=read_section(ConnectionLimits, environ),
            shutdown=read_section(ShutdownTimeout, environ),
            **settings,
        )

    def prepare_data_dir(self, *, to_restore: bool = False) -> None:
        """Create the data folder (0700) if it is missing; raises ConfigError.

        So does a folder into which a restore was interrupted, unless that is to be finished.
        """
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            interrupted = any((self.data_dir / name).exists() for name in RESTORE_FOLDERS)
        except OSError as error:
            raise ConfigError(
                f"cannot write to {self.data_dir} ({error.strerror}): "
                "choose a folder with --data-dir"
            ) from error
        if interrupted and not to_restore:
            raise ConfigError(
                f"a restore into {self.data_dir} was interrupted: run `fnt-server restore` again"
            )

    def to_env(self) -> dict[str, str]:
        """Return the environment variables that give a child the same settings."""
        return {
            "FNT_DATA_DIR": str(self.data_dir),
            "FNT_HOST": self.host,
            "DATABASE_URL": self.database_url,
            "FNT_BROKER_URL": self.broker_url,
            "FNT_EVENTS_URL": self.events_url,
            "FNT_STORAGE_URL": self.storage_url,
            "FNT_SECRET_KEY_FILE": str(self.secret_key_file),
            "FNT_WORKERS": str(self.workers),
            "FNT_DRAIN_S": str(self.shutdown.drain_s),
        }

    @property
    def places(self) -> str:
        """Where database, broker and files are; holds no passwords."""
        return (
            f"database {place(self.database_url)}, broker {place(self.broker_url)}, "
            f"files {place(self.storage_url)}"
        )

    @property
    def celery_broker_url(self) -> str:
        """The broker's URL for kombu, which spells a socket `redis+socket://`."""
        return self.broker_url.replace("unix://", "redis+socket://", 1)

    @property
    def is_embedded(self) -> bool:
        """Whether `run` starts its own broker."""
        return not self.broker_url


def _default_data_dir() -> str:
    try:
        folder = platformdirs.user_data_dir("fnt-server", appauthor=False)
    except RuntimeError:  # neither HOME nor an entry for this user; older versions return `~/…`
        folder = "~"
    if folder.startswith("~"):
        raise ConfigError("this user has no home folder: set FNT_DATA_DIR, or pass --data-dir")
    return folder


def _require_text(environ: Mapping[str, str]) -> None:
    """Raise ConfigError for a setting that no URL could hold, such as a folder named in Latin-1."""
    for name in environ:
        if name.startswith(("FNT_", "DATABASE_", "CELERY_")):
            try:
                environ[name].encode()
            except UnicodeEncodeError:
                raise ConfigError(f"{name} is not valid UTF-8: choose another name") from None
            if "%00" in environ[name]:
                raise ConfigError(f"{name} holds a null character (%00)")


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
