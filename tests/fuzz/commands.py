"""Runs a command of `fnt` in this process, and says what every end of one must look like."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from fnt.__main__ import run
from fnt.connection import connect
from fnt.errors import ExitCode
from world import World

BY_BUG = (ExitCode.BUG, 130, 143)
MOST_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


def run_command(argv: list[str], folder: Path, **environ: str) -> Ended:
    """Run a command and hold it to the oracle.

    A documented exit code that is not that of a bug, an error of one line with hints below it, no
    traceback, nothing that moves the terminal, in bounded time.
    """
    world = World(cwd=folder, environ={"FNT_CONFIG_DIR": str(folder), **environ})
    context = replace(world.context(), connect=connect, clock=time.monotonic, sleep=time.sleep)
    began = time.monotonic()
    code = run(argv, context)
    took_s = time.monotonic() - began
    ended = Ended(code=code, out=world.out, err=world.err)
    assert code in set(ExitCode) - set(BY_BUG), (argv, ended.code, ended.err[-1500:])
    assert "Traceback" not in ended.err, ended.err
    assert len([line for line in ended.err.splitlines() if line.startswith("error: ")]) <= 1
    assert code == ExitCode.OK or ended.err.strip() or ended.out.strip(), (argv, code)
    assert not any(char in ended.err for char in "\x1b\x9b\x07\r\u202e\u2028"), ended.err
    assert took_s < MOST_S, (argv, took_s)
    return ended


def new_folder(root: Path) -> Path:
    """Return a new folder below this one."""
    folder = root / str(len(os.listdir(root)))  # noqa: PTH208 -- numbers
    folder.mkdir()
    return folder
