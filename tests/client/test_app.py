"""fnt.app: the command tree and its global options."""

from __future__ import annotations

import importlib
import inspect
import json
import logging
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from builders import make_snapshot
from fnt import __version__
from fnt.__main__ import run
from fnt.app import BatchGroup, JobsGroup, RootGroup
from fnt.color import ColorMode
from fnt.commands.help_sections import ORDER
from fnt.context import GlobalOptions
from fnt.errors import NotFoundError, UsageError
from fnt.output.output_mode import OutputMode
from world import FakeApi, World, make_terminal

COMMANDS = [
    (name, target, line)
    for table in (RootGroup.table, JobsGroup.table, BatchGroup.table)
    for name, (target, line) in table.items()
    if isinstance(target, str)
]


@pytest.mark.parametrize(("name", "target", "line"), COMMANDS)
def test_each_line_of_help_is_the_commands_own(name: str, target: str, line: str) -> None:
    module, _, function = target.partition(":")
    doc = inspect.getdoc(getattr(importlib.import_module(module), function))

    assert doc is not None
    assert doc.splitlines()[0] == line


@pytest.mark.parametrize("args", [["--help"], ["-h"], []])
def test_help_names_every_command(args: list[str]) -> None:
    result = World().invoke(*args)

    assert result.exit_code == 0
    for name in RootGroup.table:
        assert f"  {name} " in result.stdout


@pytest.mark.parametrize("name", ["upload", "jobs"])
def test_each_command_has_help(name: str) -> None:
    result = World().invoke(name, "-h")

    assert result.exit_code == 0
    assert "Usage: fnt " + name in result.stdout
    assert "--insecure-http" in result.stdout.partition("\nGlobal options:\n")[2]


def test_the_version() -> None:
    assert World().invoke("-V").stdout == f"fnt {__version__}\n"


@pytest.mark.parametrize(
    "args",
    [
        ["--server", "http://127.0.0.1:7000", "jobs", "list", "-q"],
        ["jobs", "--server", "http://127.0.0.1:7000", "-q", "list"],
        ["jobs", "list", "-q", "--server", "http://127.0.0.1:7000"],
    ],
)
def test_global_options_stand_anywhere(args: list[str]) -> None:
    world = World(api=FakeApi(make_snapshot()))

    result = world.invoke(*args)

    assert result.exit_code == 0
    assert world.connected_to[0].server == "http://127.0.0.1:7000"
    assert world.out == "12\n"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, GlobalOptions()),
        ({"json": True, "quiet": True}, GlobalOptions(format=OutputMode.JSON)),
        ({"jsonl": True}, GlobalOptions(format=OutputMode.JSONL)),
        ({"plain": True}, GlobalOptions(format=OutputMode.PLAIN)),
        ({"color": "never"}, GlobalOptions(color=ColorMode.NEVER)),
        ({"verbose": 1}, GlobalOptions(verbose=1)),
        ({"debug": True}, GlobalOptions(verbose=2)),
        ({"timeout": "5m"}, GlobalOptions(settings={"timeout": "5m"})),
        (
            {"no_input": True, "no_progress": True, "yes": True},
            GlobalOptions(input=False, progress=False, yes=True),
        ),
    ],
)
def test_flags_become_options(flags: dict[str, Any], expected: GlobalOptions) -> None:
    assert GlobalOptions.of_flags(flags) == expected


@pytest.mark.parametrize("flags", [{"json": True, "jsonl": True}, {"color": "blue"}])
def test_flags_that_make_no_sense(flags: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        GlobalOptions.of_flags(flags)


def test_verbose_says_what_is_logged() -> None:
    world = World(terminal=make_terminal())
    try:
        world.context().configured(GlobalOptions(verbose=1))
        logging.getLogger("fnt.api").info("asked\x1b again")
        logging.getLogger("fnt.api").debug("details")
    finally:
        logging.getLogger("fnt").handlers.clear()
        logging.getLogger("fnt").setLevel(logging.NOTSET)

    assert world.err == "fnt.api: asked\\x1b again\n"


@pytest.mark.slow
@pytest.mark.parametrize("args", [["--help"], ["version"]])
def test_commands_without_network_import_no_heavy_modules(args: list[str]) -> None:
    code = (
        "import sys, json; from fnt.__main__ import main\n"
        f"sys.argv = ['fnt', *{args!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=30)

    loaded = set(json.loads(done.stderr))
    assert not loaded & {"httpx", "socketio", "rich", "keyring", "pypdf", "msgspec", "fnt.session"}


@pytest.mark.slow
def test_jobs_list_imports_nothing_of_runs_and_results() -> None:
    code = (
        "import sys; import fnt.connection, fnt.api.client, fnt.api.auth\n"
        "import fnt.commands.jobs_list; print(*sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=30)

    unneeded = ("fnt.flow", "fnt.progress", "fnt.session", "fnt.stream", "sqlite3", "rich")
    assert [name for name in done.stdout.decode().split() if name.startswith(unneeded)] == []


def test_every_command_is_listed_under_one_heading_of_the_help() -> None:
    named = " ".join(RootGroup.sections.values()).split()

    assert sorted(named) == sorted(RootGroup.table)


@pytest.mark.parametrize(
    ("line", "meant"),
    [(["uplaod"], "upload"), (["jobs", "lst"], "list"), (["batch", "rum"], "run")],
)
def test_a_mistyped_command_is_answered_with_the_one_meant(line: list[str], meant: str) -> None:
    error = World().invoke(*line).exception

    assert isinstance(error, UsageError)
    assert f"did you mean {meant}?" in error.message


def test_options_stand_in_sections_and_show_no_type_of_ours() -> None:
    text = World().invoke("upload", "-h").output

    order = [f"{heading}:" for heading in (*ORDER, "Global options")]
    assert [text.index(heading) for heading in order] == sorted(map(text.index, order))
    assert "Maximum words per sentence, 3 to 50.  [default: 8]" in text
    assert "<=x<=" not in text
    assert "<int range>" not in text
    assert "<int range>" not in World().invoke("jobs", "list", "-h").output


def test_a_mistyped_option_is_answered_with_the_one_meant() -> None:
    terminal = make_terminal()
    world = World(terminal=terminal)

    assert run(["upload", "--watc"], world.context()) == 2
    assert "error: unknown option --watc: did you mean --watch?" in world.err
    assert "  fnt upload --help" in world.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["upload", "-words", "8", "a.pdf"], "unknown option -words: did you mean --words?"),
        (["download", "3", "-format=txt"], "unknown option -format: did you mean --format?"),
        (["-help"], "unknown option -help: did you mean --help?"),
        (["upload", "a.pdf", "-o"], "option '-o' requires an argument"),
    ],
)
def test_a_long_option_with_one_dash_is_not_read_as_short_ones(
    line: list[str], message: str
) -> None:
    """Before, `-words 8` uploaded with `--watch` into a folder named `rds`."""
    world = World(terminal=make_terminal())

    assert run(line, world.context()) == 2
    assert f"error: {message}\n" in world.err


@pytest.mark.slow
@pytest.mark.parametrize("program", ["fnt", "fnt_server"])
@pytest.mark.parametrize(
    ("environ", "args", "is_colored"),
    [
        ({}, ["--help"], False),
        ({"FORCE_COLOR": "1"}, ["--help"], True),
        pytest.param(
            {"FORCE_COLOR": "1", "NO_COLOR": "1"}, ["-h"], False, marks=pytest.mark.faults
        ),
    ],
)
def test_help_has_color_where_it_is_wanted_and_the_same_words(
    program: str, environ: dict[str, str], args: list[str], is_colored: bool
) -> None:
    text = help_text(program, args, environ)

    assert ("\x1b[" in text) is is_colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == plain_help(program)


@pytest.mark.slow
@pytest.mark.parametrize("args", [["--color", "always", "-h"], ["upload", "--color=always", "-h"]])
def test_the_color_option_rules_the_help(args: list[str]) -> None:
    assert "\x1b[" in help_text("fnt", args, {"NO_COLOR": "1"})


@cache
def plain_help(program: str) -> str:
    return help_text(program, ["--help"], {})


def help_text(program: str, args: list[str], environ: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", program, *args],
        env=os.environ | environ, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["Un été.pdf", "-w"], "did you mean: fnt upload 'Un été.pdf' -w"),
        (["books"], "did you mean: fnt upload books"),
        (["rm", "12"], "did you mean: fnt jobs rm"),
        (["status"], "did you mean: fnt local status or fnt batch status"),
        (["jobs", "books"], "fnt jobs --help"),
        (["zola"], "fnt --help"),
    ],
)
def test_a_command_that_is_left_out_is_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "books").mkdir()

    error = World().invoke(*args).exception

    assert isinstance(error, UsageError)
    assert error.hint == hint


@pytest.mark.parametrize("name", ["upload", "check"])
def test_a_mistyped_file_is_suggested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "novel.pdf").touch()

    error = World().invoke(name, "Novel.pdf").exception

    assert isinstance(error, NotFoundError)
    assert error.hint == "did you mean novel.pdf?"


@pytest.mark.parametrize("name", ["upload", "jobs", "help"])
def test_help_also_takes_a_command(name: str) -> None:
    result = World().invoke("help", name)

    assert result.exit_code == 0
    assert result.stdout == World().invoke(name, "--help").stdout
