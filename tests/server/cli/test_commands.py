from __future__ import annotations

import pytest
from typer.testing import CliRunner

from e2e import programs
from e2e.harness import clean_environ
from fnt import __version__
from fnt_server.cli.commands import app


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(flag: str) -> None:
    result = CliRunner().invoke(app, [flag])

    assert (result.exit_code, result.output) == (0, f"fnt-server {__version__}\n")


@pytest.mark.parametrize("line", [[], ["run"], ["user"], ["user", "add"]])
def test_both_names_of_help_show_the_same(line: list[str]) -> None:
    short = CliRunner().invoke(app, [*line, "-h"])

    assert short.exit_code == 0
    assert "Usage" in short.output
    assert short.output == CliRunner().invoke(app, [*line, "--help"]).output


@pytest.mark.parametrize(("command", "variable"), [("run", "FNT_PORT"), ("web", "FNT_HOST")])
def test_help_names_the_environment_variable_of_an_option(command: str, variable: str) -> None:
    assert f"[env: {variable}]" in CliRunner().invoke(app, [command, "-h"]).output


def test_help_begins_with_examples_and_groups_commands() -> None:
    lines = CliRunner().invoke(app, ["-h"]).output.splitlines()
    headings = [line for line in lines if line.endswith(":")]

    assert headings == ["  Examples:", "Run:", "Administer:", "Try and inspect:", "Options:"]
    assert "    fnt-server run" in lines


@pytest.mark.parametrize(
    ("line", "message", "path"),
    [
        ("run -port 5000", "unknown option -port: did you mean --port?", "run"),
        ("web --hots x", "unknown option --hots: did you mean --host?", "web"),
        ("run --port", "option '--port' requires an argument", "run"),
        ("run --port x", "invalid value for '--port': 'x' is not a valid integer", "run"),
        ("user add", "missing argument 'EMAIL'", "user add"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_the_command_that_helps(
    line: str, message: str, path: str
) -> None:
    ended = programs.run("fnt_server", *line.split(), env=clean_environ(), timeout_s=30)

    assert ended.returncode == 2
    assert ended.stderr == f"fnt-server: {message}\n  fnt-server {path} --help\n"


def test_a_mistyped_command_is_answered_with_the_one_meant() -> None:
    result = CliRunner().invoke(app, ["rnu"])

    assert result.exit_code == 2
    assert "Did you mean 'run'?" in result.output
