"""`fnt-server demo`: what `fnt upload` does with a personal server, in separate folders."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

FIRST_SENTENCES = 12


def run_demo(novel: Path, *, output: Path, pace_ms: int, echo: Callable[[str], None]) -> int:
    """Run the demo on a PDF; returns the exit code of `fnt upload`.

    `pace_ms` delays each chunk, so that the progress of a short story can be seen.
    """
    with tempfile.TemporaryDirectory(prefix="fnt-demo-") as folder:
        environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FNT_")},
            "FNT_PACE_MS": os.environ.get("FNT_PACE_MS", str(pace_ms)),
            "FNT_CONFIG_DIR": f"{folder}/config",
            "FNT_LOCAL_DIR": f"{folder}/local",
            "FNT_LOCAL_IDLE": "1m",  # in case nobody is left to stop it
            "FNT_SERVER": "local",  # even if something listens on port 5000, or without a terminal
            "FNT_NO_KEYRING": "1",
        }

        def fnt(*args: str) -> int:
            echo(f"$ fnt {' '.join(args)}")
            command = [sys.executable, "-m", "fnt", *args]
            return subprocess.run(command, env=environ, check=False).returncode

        try:
            status = fnt("upload", str(novel), "--watch", "--overwrite", "-o", str(output))
        finally:
            fnt("local", "stop")
    if status == 0:
        _show(output / f"{novel.stem}.txt", echo)
    return status


def _show(result: Path, echo: Callable[[str], None]) -> None:
    lines = result.read_text(encoding="utf-8").splitlines()
    echo(f"\nfirst {min(len(lines), FIRST_SENTENCES)} of {len(lines)} sentences:")
    for line in lines[:FIRST_SENTENCES]:
        echo(f"  {line}")
    echo(f"\nfull result: {result}")
