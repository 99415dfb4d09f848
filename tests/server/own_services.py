"""PostgreSQL and Redis servers of a test's own, which may be filled, stopped and cut off."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from e2e.harness import wait_for
from requirements import absent, require_tool

PASSWORD = "correct-horse"
START_WITHIN_S = 30


class OwnPostgresql:
    """A cluster in a folder of its own, with the user `fnt`, who is its superuser."""

    def __init__(self, folder: Path, *, prefix: Sequence[str] = ()) -> None:
        self.folder = folder / "cluster"
        self._prefix = [*prefix, *_as_somebody_else(folder)]
        words = folder / "password"
        words.write_text(PASSWORD)
        words.chmod(0o644)
        self._run("initdb", "-A", "scram-sha-256", "--pwfile", str(words), "-U", "fnt", "--no-sync")
        with (self.folder / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 scram-sha-256\n")

    def start(self, *, host: str = "127.0.0.1", port: int = 0, **options: object) -> str:
        """Start it; returns the URL of its database."""
        port = port or free_port()
        settings = {"listen_addresses": host, "port": port, "fsync": "off", **options}
        words = " ".join(f"-c {name}={value}" for name, value in settings.items())
        words += f" -k {self.folder}"
        self._run("pg_ctl", "-w", "-o", words, "-l", str(self.folder / "log"), "start")
        return f"postgresql://fnt:{PASSWORD}@{host}:{port}/postgres"

    def stop(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def _run(self, tool: str, *words: str) -> None:
        command = [*self._prefix, _postgresql_tool(tool), "-D", str(self.folder), *words]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False, cwd="/")
        assert done.returncode == 0, command


def _postgresql_tool(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, which are often not on the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *map(str, places)]))
    return path or absent(f"there is no {name}")


def _as_somebody_else(folder: Path) -> list[str]:
    """Return the words before a command that root may not run; the folder becomes that user's."""
    if os.getuid():
        return []
    try:
        owner = pwd.getpwnam("postgres")
    except KeyError:
        absent("there is no user postgres, and root may not run PostgreSQL")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return [require_tool("runuser"), "-u", "postgres", "--"]


@contextlib.contextmanager
def own_postgresql(**options: object) -> Iterator[str]:
    """Run a cluster for as long as the block runs; yields the URL of its database."""
    # pytest's folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="fnt-pg-") as folder:
        cluster = OwnPostgresql(Path(folder))
        url = cluster.start(**options)  # type: ignore[arg-type]
        try:
            yield url
        finally:
            cluster.stop()


@contextlib.contextmanager
def own_redis(
    *options: str, host: str = "127.0.0.1", port: int = 0, prefix: Sequence[str] = ()
) -> Iterator[int]:
    """Run a Redis server for as long as the block runs; yields its port."""
    port = port or free_port()
    command = [*prefix, require_tool("redis-server"), "--bind", host, "--port", str(port)]
    options = ("--save", "", "--protected-mode", "no", *options)
    process = subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: _listens(host, port), within_s=START_WITHIN_S, what="Redis listens")
        yield port
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
