"""A child process that knows no secrets, and one that looks at one PDF within a time limit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

LOOK_WITHIN_S = 10.0
"""Usual time limit of a look; starting Python alone may take 1 s on a busy machine."""
STOP_WITHIN_S = 0.2
"""Polling interval for a request to stop."""
CHILD_NEEDS = (
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "SYSTEMROOT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONUSERBASE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONDONTWRITEBYTECODE",
)
"""Variables for locating Python and its packages, including those of `pip install --user`.

Bytecode is written unless that is forbidden: not every installer compiles, and without it pypdf
takes four times as long, each time.
"""
FAILED: Mapping[str, Any] = {"not_checked": "the check itself failed"}


def ask_child(file: BinaryIO, *, timeout_s: float, stopped: threading.Event) -> Mapping[str, Any]:
    """Return the result of the child process, or the reason why there is none."""
    try:
        with start_child("fnt.pdf_look.look", stdin=file, stdout=subprocess.PIPE) as child:
            found: dict[str, Any] = json.loads(
                _output_of(child, timeout_s=timeout_s, stopped=stopped)
            )
    except subprocess.TimeoutExpired:
        return no_answer(timeout_s)
    except (OSError, ValueError):
        return FAILED
    return found


def no_answer(within_s: float) -> dict[str, Any]:
    """Return the result of a look that took too long."""
    return {"not_checked": f"no answer within {within_s:g} s"}


def start_child(
    module: str, *args: str, stdin: BinaryIO | int, stdout: int, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a module as a child process that knows no secrets."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *args],
        env=_child_environ(os.environ),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        process_group=0,  # Ctrl-C ends the run, which ends its checks
    )


def _output_of(
    child: subprocess.Popen[bytes], *, timeout_s: float, stopped: threading.Event
) -> bytes:
    """Wait for a child process; kill it on timeout or when the run stops."""
    ends_at = time.monotonic() + timeout_s
    try:
        while True:
            left_s = ends_at - time.monotonic()
            try:
                return child.communicate(timeout=max(0.0, min(STOP_WITHIN_S, left_s)))[0]
            except subprocess.TimeoutExpired:
                if stopped.is_set() or left_s <= STOP_WITHIN_S:
                    raise
    finally:
        child.kill()


def _child_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return only the variables Python needs to find its packages: no tokens or passwords."""
    return {name: environ[name] for name in CHILD_NEEDS if name in environ}
