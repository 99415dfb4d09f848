"""The URLs of database and broker as people write them, and as the libraries read them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from fnt_server.config.environment import ConfigError


def sqlite_url(file: Path) -> str:
    """Return SQLAlchemy's URL of a file, whatever its name holds: `?` and `%` are part of it."""
    return f"sqlite:///{quote(str(file))}"


def database_url(url: str | None, data_dir: Path) -> str:
    """Return SQLAlchemy's URL of a database, by default a file; raises ConfigError."""
    if not url:
        return sqlite_url(data_dir / "fnt.db")
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"sqlite", "postgresql", "postgres"}:
        raise ConfigError("DATABASE_URL must begin with sqlite:/// or postgresql://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres"} else url


def broker_url(url: str) -> str:
    """Return redis-py's URL of a broker; raises ConfigError."""
    url = url.replace("redis+socket://", "unix://", 1).replace("valkey://", "redis://", 1)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigError("FNT_BROKER_URL or FNT_EVENTS_URL is not a valid URL") from None
    if url and parts.scheme not in {"redis", "rediss", "unix"}:
        raise ConfigError("FNT_BROKER_URL must begin with redis://, rediss:// or unix://")
    return url


def place(url: str) -> str:
    """Return where a URL leads, without user, password and options: for logs."""
    parts = urlsplit(url)
    scheme = parts.scheme.partition("+")[0]
    if parts.netloc and url.count("@") > ("@" in parts.netloc):
        return scheme  # a password that is not percent-encoded
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
