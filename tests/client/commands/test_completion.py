"""Completion in real shells: commands, options, and cached job numbers."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from builders import make_snapshot
from fnt.config.job_cache import recall, remember
from requirements import require_tool
from world import World

SERVER = "http://127.0.0.1:5000"


@pytest.fixture
def shell_world(tmp_path: Path) -> dict[str, str]:
    """An environment with this `fnt` on the path and two cached jobs."""
    home = tmp_path / "config"
    jobs = [make_snapshot(id=12, original_filename="a b\x1b$(id).pdf"), make_snapshot(id=130)]
    remember(home, SERVER, jobs)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "fnt").write_text(f'#!/bin/sh\nexec {sys.executable} -m fnt "$@"\n')
    (tools / "fnt").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "FNT_CONFIG_DIR": str(home), "TERM": "dumb"}


def script(shell: str) -> str:
    world = World()
    assert world.invoke("completion", shell).exit_code == 0
    return world.out


def test_the_cache_is_private_and_knows_each_job_once(tmp_path: Path) -> None:
    for number in (3, 4, 3):
        remember(tmp_path, SERVER, [make_snapshot(id=number)])

    assert [number for number, _ in recall(tmp_path, SERVER)] == [4, 3]
    (file,) = (tmp_path / "seen").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("damage", ["", "[1]", "{}", "\x00", "[" * 5000, '[[1e999, "x"]]'])
def test_a_damaged_cache_is_ignored(tmp_path: Path, damage: str) -> None:
    remember(tmp_path, SERVER, [make_snapshot()])
    next((tmp_path / "seen").iterdir()).write_text(damage)

    assert recall(tmp_path, SERVER) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("fnt upl", "upload"),
        ("fnt jobs re", "retry"),
        ("fnt upload --ov", "--overwrite"),
        ("fnt config un", "unset"),
        ("fnt watch 13", "130"),
        ("fnt jobs show 12", "12"),
    ],
)
def test_bash(shell_world: dict[str, str], line: str, wanted: str) -> None:
    words = line.split()
    asked = f"""
    {script("bash")}
    COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; _fnt
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """

    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        env=shell_world,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert (done.stdout.split("\n")[0], done.stderr) == (wanted, "")


@pytest.mark.slow
def test_bash_shows_escaped_titles(shell_world: dict[str, str]) -> None:
    asked = f"""{script("bash")}
    COMP_WORDS=(fnt watch ''); COMP_CWORD=2; _fnt; printf '%s\\n' "${{COMPREPLY[@]}}" """

    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        env=shell_world,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert "12 (processing, a b\\x1b$(id).pdf)" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "wanted"),
    [("fnt upl", "upload"), ("fnt jobs re", "retry"), ("fnt upload --ov", "--overwrite"),
     ("fnt watch 13", "130")],
)  # fmt: skip
def test_fish(shell_world: dict[str, str], tmp_path: Path, line: str, wanted: str) -> None:
    require_tool("fish")
    (tmp_path / "fnt.fish").write_text(script("fish"))
    asked = f"source {tmp_path / 'fnt.fish'}; complete -C '{line}'"

    done = subprocess.run(
        ["fish", "--no-config", "-c", asked],
        env=shell_world, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert wanted in {row.split("\t")[0] for row in done.stdout.splitlines()}, done.stderr


@pytest.mark.slow
def test_zsh_accepts_the_script(shell_world: dict[str, str], tmp_path: Path) -> None:
    """Functions that need the line editor are replaced; the selection of words is real."""
    require_tool("zsh")
    asked = f"""
    compdef() {{ :; }}
    _files() {{ print files; }}
    _describe() {{ shift; [[ $1 == job ]] && shift; print -l -- ${{(P)1}}; }}
    {script("zsh")}
    words=(fnt jobs ''); CURRENT=3; _fnt
    words=(fnt watch ''); CURRENT=3; _fnt
    """

    done = subprocess.run(
        ["zsh", "-f", "-c", asked],
        env=shell_world,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert "retry:Retry failed or cancelled jobs as new jobs" in done.stdout, done.stderr
    assert "130:processing, novel.pdf" in done.stdout
