"""The suite itself: what it makes of the process that starts it."""

from __future__ import annotations

import signal
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTERRUPTED = "tests/client/test_main.py::test_signals_end_with_their_code"


def test_every_folder_of_tests_is_run() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {path.relative_to(ROOT).parts[1] for path in ROOT.glob("tests/**/test_*.py")}

    listed = settings["tool"]["pytest"]["ini_options"]["testpaths"]
    assert sorted(listed) == sorted(f"tests/{folder}" for folder in folders)


def test_the_tests_hold_where_sigint_is_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        inner = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", INTERRUPTED],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    out, _ = inner.communicate(timeout=120)

    assert inner.returncode == 0, out
