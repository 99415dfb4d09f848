"""The URLs of database and broker as people write them, and as the libraries read them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, quote, urlsplit

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
    if scheme.startswith("sqlite") and rest.partition("?")[0] in {"", "/", "/:memory:"}:
        raise ConfigError("DATABASE_URL must name a file, as sqlite:////srv/fnt.db")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres"} else url


def broker_url(url: str, *, setting: str) -> str:
    """Return redis-py's URL of a broker; raises ConfigError."""
    url = url.replace("redis+socket://", "unix://", 1).replace("valkey://", "redis://", 1)
    if not url:
        return url
    parts = _parts(url, setting=setting)
    if parts.scheme not in {"redis", "rediss", "unix"} or "://" not in url:
        raise ConfigError(f"{setting} must begin with redis://, rediss:// or unix://")
    if parts.scheme == "unix" and not parts.path.strip("/"):
        raise ConfigError(f"{setting} must name a socket, as unix:///run/broker.sock")
    return url


def storage_url(url: str) -> str:
    """Return the URL of a folder or bucket; raises ConfigError for what keeps no files."""
    parts = _parts(url, setting="FNT_STORAGE_URL")
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ConfigError("FNT_STORAGE_URL must name a folder, as file:///srv/fnt/files")
    if parts.scheme == "memory":
        raise ConfigError(
            "FNT_STORAGE_URL must be persistent: start it with file://, s3://, gs:// or az://"
        )
    return url


def _parts(url: str, *, setting: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
        (parts.hostname or "").encode("idna")  # as the look-up does, which would raise it later
    except ValueError:
        raise ConfigError(f"{setting} is not a valid URL") from None
    return parts


def place(url: str) -> str:
    """Return where a URL leads, without user, password and options: for logs."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a password that is not percent-encoded
        return url.partition("://")[0].partition("+")[0]
    scheme = parts.scheme.partition("+")[0]
    if parts.netloc and url.count("@") > ("@" in parts.netloc):
        return scheme  # a password that is not percent-encoded
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
