"""The files for deployment name commands, options and variables that there are."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from configparser import RawConfigParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
from ruamel.yaml import YAML

from fnt.wire import paths
from fnt_server.cli.commands import app
from fnt_server.config import Config

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "deploy"
UNITS = ["fnt-run.service", "fnt-web.service", "fnt-worker.service"]
PAGE = (FOLDER.parent / "configuration.md").read_text(encoding="utf-8")


def environment_file() -> dict[str, str]:
    lines = (FOLDER / "fnt.env").read_text().splitlines()
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    return {name: shlex.split(value)[0] for name, value in pairs}


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
    assert int(service["TimeoutStopSec"]) > Config.from_env({}).shutdown.drain_s + 2


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
        if service["image"] == "fnt:latest"
    }

    assert set(services) == {"migrate", "web", "worker"}
    for service in services.values():
        assert_understood(service["command"])
        assert all(f"`{name}`" in PAGE for name in service["environment"])


def test_compose_keeps_data_in_volumes_passwords_in_secrets_and_checks_every_service() -> None:
    content = compose()
    declared = set(content["secrets"])
    volumes = set()
    for name, service in content["services"].items():
        assert "test" in service.get("healthcheck", {}) or name in {"web", "migrate"}, name
        used = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service)))
        assert used == set(service.get("secrets", [])) <= declared, name
        assert not [key for key in service.get("environment", {}) if key.endswith("PASSWORD")]
        volumes |= {volume.partition(":")[0] for volume in service.get("volumes", [])}
        for other, condition in service.get("depends_on", {}).items():
            assert condition["condition"] != "service_started", other

    assert {name for name in volumes if not name.startswith(".")} == set(content["volumes"])
    assert all(secret["file"].startswith("./secrets/") for secret in content["secrets"].values())


def test_the_page_makes_the_secrets_of_compose(tmp_path: Path) -> None:
    page = (FOLDER.parent / "deploy.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```sh\n(install -d [^`]*secrets[^`]*)^```", page, re.MULTILINE)
    subprocess.run(["bash", "-euc", block], cwd=tmp_path, check=True)

    for secret in compose()["secrets"].values():
        assert re.fullmatch(r"[0-9a-f]{64}\n", (tmp_path / secret["file"]).read_text())
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_the_entrypoint_of_compose_reads_the_passwords(tmp_path: Path) -> None:
    for name in ("database_password", "broker_password"):
        (tmp_path / name).write_text(f"{name}\n")
    program = tmp_path / "fnt-server"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$DATABASE_URL" "$FNT_BROKER_URL" "$@"\n')
    program.chmod(0o755)
    service = compose()["services"]["web"]
    words = [word.replace("$$", "$") for word in (*service["entrypoint"], *service["command"])]

    done = subprocess.run(
        [word.replace("/run/secrets", str(tmp_path)) for word in words],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    database, broker, *arguments = done.stdout.splitlines()
    environ = {"DATABASE_URL": database, "FNT_BROKER_URL": broker, **service["environment"]}
    assert database == "postgresql://fnt:database_password@database/fnt"
    assert broker == "redis://:broker_password@broker:6379/0"
    assert Config.from_env(environ).proxies == 1
    assert arguments == service["command"]


def test_the_broker_of_compose_is_the_process_that_is_told_to_stop(tmp_path: Path) -> None:
    (tmp_path / "broker_password").write_text("0123abcd\n")
    program = tmp_path / "valkey-server"
    program.write_text('#!/bin/sh\necho $$ "$@"\ncat\n')
    program.chmod(0o755)
    words = [word.replace("$$", "$") for word in compose()["services"]["broker"]["command"]]

    with subprocess.Popen(
        [word.replace("/run/secrets", str(tmp_path)) for word in words],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, stdout=subprocess.PIPE, text=True,
    ) as started:  # fmt: skip
        said, _ = started.communicate(timeout=10)

    assert said == f"{started.pid} -\nrequirepass 0123abcd\n"


def test_the_proxy_of_compose_starts_again_with_the_servers_it_looks_up_once() -> None:
    upstream = compose()["services"]["proxy"]["depends_on"]["web"]

    assert upstream == {"condition": "service_healthy", "restart": True}


def instructions() -> list[tuple[str, str]]:
    text = (FOLDER / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_the_image_holds_what_the_wheel_is_built_from_and_starts_what_there_is() -> None:
    found = instructions()
    copied = {
        source
        for word, rest in found
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {
        Path(path).parts[0]
        for path in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    }
    let_in = (ROOT / ".dockerignore").read_text().splitlines()

    assert copied == {"pyproject.toml", "LICENSE", project["project"]["readme"], *packages}
    assert {line[1:] for line in let_in if line.startswith("!")} == copied
    [extras] = re.findall(r"'\.\[(.+?)\]'", str(found))
    assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"])
    last = dict(found)
    assert json.loads(last["ENTRYPOINT"]) == ["fnt-server"]
    assert_understood(json.loads(last["CMD"]))
    assert last["USER"] == "fnt"


def test_the_health_checks_ask_what_there_is() -> None:
    check = json.loads(dict(instructions())["HEALTHCHECK"].partition("CMD")[2])
    worker = compose()["services"]["worker"]

    assert paths.HEALTH in check[2]
    assert f"127.0.0.1:{worker['command'][-1]}/metrics" in worker["healthcheck"]["test"][-1]
    for code in (check[2], worker["healthcheck"]["test"][-1]):
        compile(code, "healthcheck", "exec")


def test_the_page_names_every_file() -> None:
    page = (FOLDER.parent / "deploy.md").read_text(encoding="utf-8")

    assert set(re.findall(r"\]\(deploy/([\w.-]+)\)", page)) == {
        path.name for path in FOLDER.iterdir()
    }
