"""`fnt config`: shows effective values; files keep their comments and stay private."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from fnt.__main__ import run
from fnt.config.settings import load_settings
from fnt.errors import NotFoundError, UsageError
from world import World


def make_world(tmp_path: Path) -> World:
    world = World()
    world.environ["FNT_CONFIG_DIR"] = str(tmp_path / "config")
    world.cwd = tmp_path
    return world


def config(world: World) -> Path:
    return Path(world.environ["FNT_CONFIG_DIR"]) / "config.toml"


def test_set_keeps_comments_and_makes_a_private_file(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    config(world).parent.mkdir()
    config(world).write_text("# mine\njobs = 2  # slow line\n")

    assert world.invoke("config", "set", "jobs", "8").exit_code == 0
    assert world.invoke("config", "set", "timeout", "5m", "--profile", "work").exit_code == 0

    text = config(world).read_text()
    assert text.startswith("# mine\njobs = 8  # slow line\n")
    assert '[profiles.work]\ntimeout = "5m"' in text
    assert stat.S_IMODE(config(world).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("key", "value"), [("jobs", "99"), ("servre", "x"), ("server", "ftp://x"), ("timeout", "soon")]
)
def test_set_rejects_invalid_values(tmp_path: Path, key: str, value: str) -> None:
    world = make_world(tmp_path)

    assert isinstance(world.invoke("config", "set", key, value).exception, UsageError)
    assert not config(world).exists()


def test_unset(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.invoke("config", "set", "jobs", "8")

    assert world.invoke("config", "unset", "jobs").exit_code == 0
    assert isinstance(world.invoke("config", "unset", "jobs").exception, NotFoundError)


def test_list_names_the_winner(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.environ["FNT_JOBS"] = "3"
    world.invoke("config", "set", "timeout", "5m")

    world.invoke("config", "list", "--show-origin")

    assert "parallel = 3  # FNT_JOBS" in world.out
    assert f"timeout = 5m  # {config(world)}" in world.out
    assert "insecure_http = false  # default" in world.out


def test_a_projects_server_counts_only_once_trusted_and_only_as_it_was(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    project = tmp_path / ".fnt.toml"
    project.write_text('server = "https://books.example.org"\n')

    def server() -> str:
        return load_settings(flags={}, environ=world.environ, cwd=tmp_path / "deep").server

    assert server() == "http://127.0.0.1:5000"
    assert world.invoke("config", "trust").exit_code == 0
    assert server() == "https://books.example.org"
    project.write_text('server = "https://evil.example.org"\n')
    assert server() == "http://127.0.0.1:5000"


def test_a_projects_profile_counts_only_once_trusted_and_only_as_it_was(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    for name in ("work", "other"):
        url = f"https://{name}.example.org"
        world.invoke("config", "set", "--profile", name, "server", url)
    project = tmp_path / ".fnt.toml"

    def server() -> str:
        return load_settings(flags={}, environ=world.environ, cwd=tmp_path).server

    project.write_text('profile = "work"\n')
    assert server() == "http://127.0.0.1:5000"
    assert world.invoke("config", "trust").exit_code == 0
    assert server() == "https://work.example.org"
    project.write_text('profile = "other"\n')
    assert server() == "http://127.0.0.1:5000"
    project.write_text('profile = "work"\nserver = "https://evil.example.org"\n')
    assert server() == "https://work.example.org"


@pytest.mark.parametrize("text", ["[profiles.x]\nservre = 1\n", "profiles = 3\n", "profiles.x=1\n"])
def test_unknown_keys_of_profiles_are_errors(tmp_path: Path, text: str) -> None:
    world = make_world(tmp_path)
    config(world).parent.mkdir()
    config(world).write_text(text)

    with pytest.raises(UsageError, match="profiles"):
        load_settings(flags={}, environ=world.environ, cwd=tmp_path)


def test_get_in_json_uses_its_own_key(tmp_path: Path) -> None:
    world = make_world(tmp_path)

    assert run(["config", "get", "jobs", "--json"], world.context()) == 0

    answer = json.loads(world.out)
    assert answer["command"] == "config get"
    assert answer["config get"] == {"jobs": 4, "origin": "default"}
