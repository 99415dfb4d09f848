"""The same figures of tools that people know, where they can be installed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.report import Figure, interleaved, ms

INSTALL_WITHIN_S = 120.0
ROUNDS = 9

PEERS = {"twine": ("twine", "--version"), "httpie": ("http", "--version"),
         "huggingface_hub": ("hf", "version")}  # fmt: skip
"""By package: the command, and what makes it tell its version."""


def peers(folder: Path) -> Iterator[Figure]:
    """Install them beside each other, all within the time given, and time what they answer."""
    problem = _install(folder)
    if problem is not None:
        yield Figure(name="twine, httpie, hf", value="not measured", wanted=problem)
        return
    actions: dict[str, Callable[[], object]] = {}
    for command, version in PEERS.values():
        program = str(folder / "bin" / command)
        actions[f"{command} {version}"] = _quiet(program, version)
        actions[f"{command} --help"] = _quiet(program, "--help")
    for name, taken in interleaved(actions, rounds=ROUNDS).items():
        yield Figure(name=f"  beside: {name}", value=ms(taken))


def _install(folder: Path) -> str | None:
    """Return why they could not be installed."""
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *PEERS]
    ends = time.monotonic() + INSTALL_WITHIN_S
    for command in ([sys.executable, "-m", "venv", str(folder)], pip):
        try:
            left_s = max(1.0, ends - time.monotonic())
            subprocess.run(command, check=True, capture_output=True, timeout=left_s)
        except subprocess.TimeoutExpired:
            return f"no installation within {INSTALL_WITHIN_S:.0f} s"
        except subprocess.CalledProcessError as error:
            words = error.stderr.decode("utf-8", "replace").strip().splitlines()
            return words[-1][:100] if words else "it cannot be installed"
    return None


def _quiet(*command: str) -> Callable[[], object]:
    return lambda: subprocess.run(
        command, check=True, capture_output=True, stdin=subprocess.DEVNULL
    )
