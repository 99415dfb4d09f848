"""The files for deployment name commands, options and variables that there are."""

from __future__ import annotations

import json
import re
import shlex
from configparser import RawConfigParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from ruamel.yaml import YAML

from fnt_server.cli.commands import app
from fnt_server.config import Config

FOLDER = Path(__file__).parents[2] / "docs" / "deploy"
UNITS = ["fnt-web.service", "fnt-worker.service"]
PAGE = (FOLDER.parent / "configuration.md").read_text(encoding="utf-8")


def environment_file() -> dict[str, str]:
    lines = (FOLDER / "fnt.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def compose() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(FOLDER / "compose.yaml")
    return content


def assert_understood(words: list[str]) -> None:
    """Parse a command line of `fnt-server` without running it."""
    group = typer.main.get_command(app)
    command = group.get_command(None, words[0])  # type: ignore[attr-defined, arg-type]
    assert command, words[0]
    command.make_context(words[0], words[1:])


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(FOLDER / name)
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_what_there_is_and_stops_it_gently(name: str) -> None:
    service = unit(name)["Service"]
    program, *words = shlex.split(service["ExecStart"])

    assert Path(program).name == "fnt-server"
    assert_understood(words)
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > Config.from_env({}).drain_s + 2


def test_the_environment_is_one_that_the_server_takes() -> None:
    environ = environment_file()

    assert all(f"`{name}`" in PAGE for name in environ)
    assert Config.from_env(environ).database_url.startswith("postgresql")


def test_compose_holds_to_the_specification() -> None:
    vendor = files("check_jsonschema.builtin_schemas") / "vendor"
    schema = json.loads((vendor / "compose-spec.json").read_text(encoding="utf-8"))

    jsonschema.validate(compose(), schema)


def test_compose_starts_what_there_is_with_variables_that_there_are() -> None:
    services = {
        name: service
        for name, service in compose()["services"].items()
        if service.get("command", [""])[0] == "fnt-server"
    }

    assert set(services) == {"migrate", "web", "worker"}
    for service in services.values():
        assert_understood(service["command"][1:])
        assert all(f"`{name}`" in PAGE for name in service["environment"])


def test_the_page_names_every_file() -> None:
    page = (FOLDER.parent / "deploy.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\]\(deploy/([\w.-]+)\)", page)) == {
        path.name for path in FOLDER.iterdir()
    }
