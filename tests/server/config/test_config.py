"""Settings: read once; invalid ones are named in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from fnt_server.config.service_urls import place
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.storage.object_store import local_folder


def read(**environ: str) -> Config:
    return Config.from_env({"FNT_DATA_DIR": "/srv/fnt", **environ})


def test_defaults_are_one_machine() -> None:
    config = read()

    assert config.database_url == "sqlite:////srv/fnt/fnt.db"
    assert config.storage_url == "file:///srv/fnt/files"
    assert config.secret_key_file == Path("/srv/fnt/secret.key")
    assert (config.host, config.port, config.tokens.access_ttl_s) == ("127.0.0.1", 5000, 900)
    assert (config.uploads.max_upload_bytes, config.pdfs.max_pages) == (50 * 1024 * 1024, 5000)
    sockets = config.sockets
    assert (sockets.max_sockets, sockets.max_sockets_per_user) == (400, 20)
    assert sockets.transports == ("polling", "websocket")
    assert (sockets.connect_within_s, config.uploads.stalled_after_s) == (10.0, 20.0)
    assert config.leases.lease_s == 20.0
    assert config.is_embedded


@pytest.mark.parametrize("name", ["100%2Fnovels", "novels?mode=memory", "novels #1", "livres é"])
def test_a_data_folder_of_any_name_holds_its_own_database(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    config = Config.from_env({"FNT_DATA_DIR": str(folder)})

    for url in (config.database_url, config.to_env()["DATABASE_URL"]):
        database = Database(url)
        schema.migrate(database)
        database.dispose()

        assert [file.name for file in tmp_path.iterdir()] == [name]
        assert (folder / "fnt.db").stat().st_size > 0
    assert local_folder(config.storage_url) == folder / "files"


def test_a_relative_data_folder_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert Config.from_env({"FNT_DATA_DIR": "data"}).data_dir == tmp_path / "data"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://h/db", "postgresql+psycopg://h/db"),
        ("postgresql://u:p@h:5/db?x=1", "postgresql+psycopg://u:p@h:5/db?x=1"),
        ("postgresql+psycopg://h/db", "postgresql+psycopg://h/db"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_database_url(given: str, expected: str) -> None:
    assert read(DATABASE_URL=given).database_url == expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////srv/me@work/fnt.db", "sqlite:////srv/me@work/fnt.db"),
        ("postgresql+psycopg://u:secret@h:5/db?sslmode=require", "postgresql://h:5/db"),
        ("postgresql+psycopg:///db?host=/run", "postgresql:///db"),
        ("postgresql://u:se/cret@h/db", "postgresql"),
        ("postgresql://u:se?cret@h/db", "postgresql"),
        ("postgresql://u:sec@ret@h/db", "postgresql"),
        ("postgresql://h/db?password=sec@ret", "postgresql"),
        ("rediss://:secret@h:6379/0?ssl_ca_certs=/x", "rediss://h:6379/0"),
        ("unix:///run/broker.sock", "unix:///run/broker.sock"),
        ("s3://books/production", "s3://books/production"),
    ],
)
def test_a_place_is_shown_without_its_password(url: str, shown: str) -> None:
    assert place(url) == shown


@pytest.mark.parametrize(
    ("given", "broker", "celery"),
    [
        ("redis://h:1/2", "redis://h:1/2", "redis://h:1/2"),
        ("rediss://h", "rediss://h", "rediss://h"),
        ("valkey://h", "redis://h", "redis://h"),
        ("unix:///run/b.sock", "unix:///run/b.sock", "redis+socket:///run/b.sock"),
        ("redis+socket:///run/b.sock", "unix:///run/b.sock", "redis+socket:///run/b.sock"),
    ],
)
def test_broker_url(given: str, broker: str, celery: str) -> None:
    for name in ("FNT_BROKER_URL", "CELERY_BROKER_URL"):
        config = read(**{name: given})

        assert (config.broker_url, config.celery_broker_url) == (broker, celery)
        assert config.events_url == broker
        assert not config.is_embedded


def test_events_may_travel_elsewhere() -> None:
    config = read(FNT_BROKER_URL="redis://a", FNT_EVENTS_URL="redis://b")

    assert (config.broker_url, config.events_url) == ("redis://a", "redis://b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FNT_PORT", "http"),
        ("FNT_PORT", "65536"),
        ("FNT_PORT", "-1"),
        ("FNT_WORKERS", "0"),
        ("FNT_LEASE_S", "nan"),
        ("FNT_LEASE_S", "0.5"),
        ("FNT_MAX_UPLOAD_MB", "1e3"),
        ("FNT_PACE_MS", "x" * 1000),
        ("FNT_CONNECT_WITHIN_S", "0"),
        ("FNT_SOCKET_TRANSPORTS", "polling,flash"),
        ("FNT_STALLED_AFTER_S", "inf"),
        ("DATABASE_URL", "mysql://h/db"),
        ("DATABASE_URL", "nonsense"),
        ("FNT_BROKER_URL", "amqp://h"),
        ("FNT_BROKER_URL", "redis://h:x/0"),
        ("FNT_BROKER_URL", "redis://[h"),
        ("FNT_EVENTS_URL", "http://h"),
        ("FNT_EVENTS_URL", "redis://a..b/0"),
        ("FNT_BROKER_URL", "redis://" + "a" * 64),
        ("FNT_BROKER_URL", "unix://"),
        ("CELERY_BROKER_URL", "amqp://h"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///%00"),
        ("FNT_STORAGE_URL", "http://["),
        ("FNT_STORAGE_URL", "file:///%00"),
        ("FNT_STORAGE_URL", "file://host/files"),
        ("FNT_STORAGE_URL", "file:relative"),
        ("FNT_STORAGE_URL", "memory:///"),
        ("FNT_PROXIES", "99\n"),
    ],
)
def test_a_wrong_setting_is_named_in_one_short_line(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name) as error:
        read(**{name: value})

    assert len(str(error.value)) < 120
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_a_database_that_cannot_be_looked_up_is_a_wrong_setting(host: str) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        Database(read(DATABASE_URL=f"postgresql://{host}/x").database_url)


def test_a_password_that_is_not_encoded_is_in_no_log() -> None:
    config = read(DATABASE_URL="postgresql://u:secret[1@h/db")

    assert "secret" not in config.places


def test_an_empty_setting_is_none() -> None:
    assert read(FNT_PORT="", FNT_BROKER_URL="", DATABASE_URL="") == read()


def test_a_child_reads_the_same_settings() -> None:
    config = read(FNT_BROKER_URL="unix:///run/b.sock", FNT_WORKERS="3")

    assert Config.from_env(config.to_env()) == config


def test_origins_are_a_list_by_comma_or_space() -> None:
    config = read(FNT_CORS_ORIGINS="https://a.example, https://b.example")

    assert config.cors_origins == ("https://a.example", "https://b.example")


def test_prepare_data_dir_makes_it_for_this_user_alone(tmp_path: Path) -> None:
    config = read(FNT_DATA_DIR=str(tmp_path / "deep" / "data"))
    config.prepare_data_dir()
    config.prepare_data_dir()

    assert config.data_dir.stat().st_mode & 0o77 == 0


def test_prepare_data_dir_that_cannot_be_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="cannot write to"):
        read(FNT_DATA_DIR=str(tmp_path / "file" / "data")).prepare_data_dir()
