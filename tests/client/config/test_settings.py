"""Settings: precedence, and which servers are rejected."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fnt.config.settings import Settings, load_settings, normalize_server, parse_duration
from fnt.config.settings.proxy import find_proxy
from fnt.errors import NotFoundError, UsageError


def load(
    tmp_path: Path,
    *,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    user: str = "",
    project: str = "",
) -> Settings:
    config_dir, work = tmp_path / "config", tmp_path / "work" / "deep"
    config_dir.mkdir()
    work.mkdir(parents=True)
    (config_dir / "config.toml").write_text(user)
    if project:
        (tmp_path / "work" / ".fnt.toml").write_text(project)
    return load_settings(flags=flags or {}, environ=environ or {}, cwd=work, config_dir=config_dir)


def test_settings_defaults(tmp_path):
    settings = load_settings(flags={}, environ={}, cwd=tmp_path, config_dir=tmp_path)

    assert settings == Settings(config_dir=tmp_path)
    assert (settings.server, settings.parallel) == ("http://127.0.0.1:5000", 4)


def test_settings_flag_wins_over_environment_over_project_over_user(tmp_path):
    layers = {"user": "jobs = 1\n", "project": "jobs = 2\n", "environ": {"FNT_JOBS": "3"}}

    assert load(tmp_path / "a", **layers, flags={"parallel": 5}).parallel == 5
    assert load(tmp_path / "b", **layers, flags={"parallel": None}).parallel == 3
    assert load(tmp_path / "c", **{**layers, "environ": {}}).parallel == 2
    assert load(tmp_path / "d", user="jobs = 1\n").parallel == 1


@pytest.fixture(autouse=True)
def _folders(tmp_path):
    for name in "abcd":
        (tmp_path / name).mkdir()


def test_settings_project_cannot_choose_server_or_trust(tmp_path):
    project = 'server = "https://evil.example"\ninsecure_http = true\nca_file = "x"\njobs = 7\n'

    settings = load(tmp_path, project=project)

    assert settings.server == "http://127.0.0.1:5000"
    assert (settings.insecure_http, settings.ca_file, settings.parallel) == (False, None, 7)


def test_settings_project_cannot_choose_among_the_users_profiles(tmp_path):
    user = '[profiles.work]\nserver = "https://work.example"\n'

    settings = load(tmp_path, user=user, project='profile = "work"\n')

    assert (settings.server, settings.profile) == ("http://127.0.0.1:5000", None)


def test_settings_profile_comes_before_the_rest_of_the_user_file(tmp_path):
    user = 'server = "https://a.example"\n[profiles.work]\nserver = "https://b.example"\n'

    settings = load(tmp_path, user=user, flags={"profile": "work"})

    assert (settings.server, settings.profile) == ("https://b.example", "work")


def test_settings_unknown_profile_is_not_found(tmp_path):
    with pytest.raises(NotFoundError, match="profile 'x' not found"):
        load(tmp_path, flags={"profile": "x"})


@pytest.mark.parametrize(
    "user",
    ["jobs = ", "speed = 3\n", "jobs = true\n", 'timeout = "soon"\n', "jobs = " + "[" * 5000],
)
def test_settings_broken_file_is_a_usage_error(tmp_path, user):
    with pytest.raises(UsageError):
        load(tmp_path, user=user)


def test_a_project_file_too_deep_to_read_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError):
        load(tmp_path, project="profile = " + "[" * 5000)


@pytest.mark.parametrize(
    ("key", "value"),
    [("FNT_JOBS", "0"), ("FNT_JOBS", "x"), ("FNT_TIMEOUT", "-1"), ("FNT_TOKEN", "é")],
)
def test_settings_broken_environment_is_a_usage_error(tmp_path, key, value):
    with pytest.raises(UsageError):
        load(tmp_path, environ={key: value})


def test_settings_repr_hides_the_token(tmp_path):
    settings = load(tmp_path, environ={"FNT_TOKEN": "fnt_canary"})

    assert settings.token == "fnt_canary"
    assert "canary" not in repr(settings)


def test_settings_environment_names(tmp_path):
    environ = {"FNT_SERVER": "https://s.example", "FNT_TIMEOUT": "5m", "FNT_NO_KEYRING": "1"}

    settings = load(tmp_path, environ=environ)

    assert (settings.server, settings.timeout_s) == ("https://s.example", 300)
    assert settings.no_keyring


def test_settings_config_dir_comes_from_the_environment(tmp_path):
    environ = {"FNT_CONFIG_DIR": str(tmp_path)}

    assert load_settings(flags={}, environ=environ, cwd=tmp_path).config_dir == tmp_path


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000"),
        ("http://localhost:80", "http://localhost"),
        ("HTTPS://Example.org:443", "https://example.org"),
        ("https://example.org:8443", "https://example.org:8443"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("https://example.org:443/fnt/", "https://example.org/fnt"),
        ("https://example.org/a/b.c-d_e~f", "https://example.org/a/b.c-d_e~f"),
    ],
)
def test_server_is_normalized_to_origin_and_path(text, origin):
    assert normalize_server(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org",
        "example.org:5000",
        "ftp://example.org",
        "file:///etc/passwd",
        "http://example.org",
        "http://127.0.0.1.evil.example",
        "https://user:secret@example.org",
        "https://example.org@evil.example",
        "https://example.org/a/../b",
        "https://example.org/./a",
        "https://example.org//a",
        "https://example.org/%2e%2e/a",
        "https://example.org/a;b",
        "https://example.org?x=1",
        "https://example.org:99999",
        "https://exa mple.org",
        "https://exämple.org",
        "https://evil.example\\@good.example",
        "https://[::1",
    ],
)
def test_server_that_could_mislead_a_token_is_refused(text):
    with pytest.raises(UsageError):
        normalize_server(text)


def test_server_plain_http_elsewhere_requires_a_flag():
    assert normalize_server("http://lan.example", insecure_http=True) == "http://lan.example"


@pytest.mark.parametrize(
    ("text", "seconds"), [("20s", 20), ("5m", 300), ("2h", 7200), ("90", 90), (" 1.5 s ", 1.5)]
)
def test_duration_is_read(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "5y", "-1", "1e3", "٣s", "9" * 30])
def test_duration_refuses_the_rest(text):
    with pytest.raises(UsageError, match="not a duration"):
        parse_duration(text)


def test_a_file_that_cannot_be_read_tells_the_reason_in_words(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()

    with pytest.raises(UsageError, match=r"config\.toml cannot be read: Is a directory$"):
        load_settings(flags={}, environ={}, cwd=tmp_path, config_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FNT_PARALLEL", "inf"),
        ("FNT_PARALLEL", "-1e999"),
        ("FNT_PARALLEL", "33"),
        ("FNT_TIMEOUT", "-1"),
        ("FNT_TIMEOUT", "0"),
        ("FNT_NO_KEYRING", "maybe"),
        ("FNT_NO_LOCAL", "2"),
        ("FNT_LOCAL_IDLE", "8d"),
        ("FNT_SERVER", "https://a..b"),
        ("FNT_SERVER", "https://" + "a" * 64 + ".example"),
        ("FNT_SERVER", "ftp://x"),
    ],
)
def test_a_variable_that_is_wrong_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=rf"^{name}: "):
        load(tmp_path / "a", environ={name: value})


@pytest.mark.parametrize(
    "line",
    [
        "parallel = inf",
        "parallel = 0x" + "f" * 5000,
        "timeout = -inf",
        "timeout = 0x" + "f" * 5000,
        "profile = 0x" + "f" * 5000,
        "local_idle = nan",
        'ca_file = "~nobody-of-that-name/ca.pem"',
        'ca_file = "\\u0000"',
        "ca_file = 5",
    ],
)
def test_a_setting_that_is_wrong_is_named_with_its_file(tmp_path: Path, line: str) -> None:
    with pytest.raises(UsageError) as raised:
        load(tmp_path / "a", user=line)

    key, _, _ = line.partition(" ")
    assert raised.value.message.startswith(f"{tmp_path}/a/config/config.toml: {key}: ")
    assert len(raised.value.message) < 300


@pytest.mark.parametrize("value", ["99999999999999999w", "9999999999999999999"])
def test_a_timeout_beyond_all_timers_is_a_very_long_one(tmp_path: Path, value: str) -> None:
    settings = load(tmp_path / "a", environ={"FNT_TIMEOUT": value})

    assert settings.timeout_s == 100 * 365 * 86400


def test_a_proxy_that_cannot_be_looked_up_is_a_wrong_setting() -> None:
    with pytest.raises(UsageError, match="invalid proxy setting"):
        find_proxy({"https": "http://a..b:3128"}, server="https://example.org")
