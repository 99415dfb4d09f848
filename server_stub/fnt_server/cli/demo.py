"""`fnt-server demo`: server, user, login, upload and result in one command."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from fnt_server.auth import users
from fnt_server.config import ConfigError, sqlite_url
from fnt_server.db import schema
from fnt_server.db.connection import Database

EMAIL = "demo@example.org"
FIRST_SENTENCES = 12
READY = "ready "


def run_demo(novel: Path, *, output: Path, pace_ms: int, echo: Callable[[str], None]) -> int:
    """Run the demo on a PDF; returns the exit code of `fnt upload`. Raises ConfigError.

    `pace_ms` delays each chunk, so that the progress of a short story can be seen.
    """
    password = secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory(prefix="fnt-demo-") as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        _make_user(data, password)
        with _server(data, log=Path(folder) / "server.log", pace_ms=pace_ms) as url:
            echo(f"server running at {url}")
            fnt = _Client(url, config=Path(folder) / "config", echo=echo)
            status = fnt.run("login", "--email", EMAIL, "--password-stdin", "--insecure-storage",
                             answers=password)  # fmt: skip
            status = status or fnt.run(
                "upload", str(novel), "--watch", "--overwrite", "-o", str(output)
            )
    echo("server stopped")
    if status == 0:
        _show(output / f"{novel.stem}.txt", echo)
    return status


def _make_user(data: Path, password: str) -> None:
    database = Database(sqlite_url(data / "fnt.db"))
    schema.migrate(database)
    users.add_user(database, EMAIL, password)
    database.dispose()


@contextlib.contextmanager
def _server(data: Path, *, log: Path, pace_ms: int) -> Iterator[str]:
    """Run the server on a free port; gives its URL."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("FNT_", "DATABASE_"))}
    environ["FNT_PACE_MS"] = os.environ.get("FNT_PACE_MS", str(pace_ms))
    command = [sys.executable, "-m", "fnt_server", "run", "--port", "0", "--data-dir", str(data)]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=environ, text=True
        ) as run,
    ):
        try:
            assert run.stdout
            line = run.stdout.readline()
            if not line.startswith(READY):
                run.wait()
                raise ConfigError(f"the server did not start:\n{log.read_text()[-2000:]}")
            yield line.removeprefix(READY).strip()
        finally:
            run.terminate()
            run.wait()


class _Client:
    """Runs `fnt` against the demo's server, with a configuration of its own."""

    def __init__(self, url: str, *, config: Path, echo: Callable[[str], None]) -> None:
        self._environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FNT_")},
            "FNT_SERVER": url,
            "FNT_CONFIG_DIR": str(config),
            "FNT_NO_KEYRING": "1",
        }
        self._echo = echo

    def run(self, *args: str, answers: str | None = None) -> int:
        self._echo(f"$ fnt {' '.join(args)}")
        done = subprocess.run(
            [sys.executable, "-m", "fnt", *args],
            env=self._environ,
            input=None if answers is None else f"{answers}\n",
            text=True,
            check=False,
        )
        return done.returncode


def _show(result: Path, echo: Callable[[str], None]) -> None:
    lines = result.read_text(encoding="utf-8").splitlines()
    echo(f"\nfirst {min(len(lines), FIRST_SENTENCES)} of {len(lines)} sentences:")
    for line in lines[:FIRST_SENTENCES]:
        echo(f"  {line}")
    echo(f"\nfull result: {result}")
