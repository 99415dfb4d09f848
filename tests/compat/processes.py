"""One release's client and server as processes: what any release can be asked for."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

START_WITHIN_S = 30.0


def wait_for(condition: Callable[[], Any], *, within_s: float, what: str) -> Any:
    """Poll a condition until it holds and return its value; fails when the time is up."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s} s: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An installed release, known by the Python that runs it."""

    python: Path

    def fnt(self, *args: str) -> list[str]:
        """Return the command line of the client."""
        return [str(self.python), "-m", "fnt", *args]

    def fnt_server(self, *args: str) -> list[str]:
        """Return the command line of the server."""
        return [str(self.python), "-m", "fnt_server", *args]

    def imported_from(self, name: str) -> Path:
        """Return the folder from which this release imports a package."""
        code = f"import {name}; print({name}.__path__[0])"
        command = [str(self.python), "-c", code]
        return Path(subprocess.run(
            command, env=environment(), check=True, capture_output=True, text=True
        ).stdout.strip())  # fmt: skip


def environment(**extra: str) -> dict[str, str]:
    """Return the environment without settings of ours; the working folder holds no modules."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FNT_", "CELERY_", "PYTHONPATH")) and name != "DATABASE_URL"
    }
    return {**kept, "PYTHONSAFEPATH": "1", "FNT_NO_KEYRING": "1", **extra}


@dataclass(slots=True, kw_only=True)
class Process:
    """A part of the server, in a process group of its own; its log is a file."""

    command: Sequence[str]
    log: Path
    environ: dict[str, str] = field(default_factory=dict)
    popen: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; what it prints on stdout can be read from `popen`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                self.command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(**self.environ),
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait; returns its exit status."""
        assert self.popen and self.popen.stdout
        with contextlib.suppress(ProcessLookupError):
            self.popen.send_signal(number)
        try:
            return self.popen.wait(timeout=20)
        finally:
            self.popen.kill()
            self.popen.wait()
            self.popen.stdout.close()


@contextlib.contextmanager
def running(process: Process) -> Iterator[Process]:
    """Run a process for as long as the block runs."""
    process.start()
    try:
        yield process
    finally:
        process.stop()


@dataclass(slots=True, kw_only=True)
class Server:
    """`fnt-server run` of a release on a data folder, on a free port."""

    release: Release
    data_dir: Path
    environ: dict[str, str] = field(default_factory=dict)
    url: str = ""
    process: Process | None = None

    def start(self) -> Server:
        """Start it and wait until it says that it is ready."""
        command = self.release.fnt_server("run", "--port", "0", "--data-dir", str(self.data_dir))
        log = self.data_dir.with_suffix(".log")
        self.process = Process(command=command, log=log, environ=self.environ)
        self.process.start()
        assert self.process.popen and self.process.popen.stdout
        line = self.process.popen.stdout.readline()
        assert line.startswith("ready http://"), log.read_text()[-3000:]
        self.url = line.split()[1]
        return self

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit status."""
        assert self.process
        return self.process.stop(number)

    def command(self, *args: str, stdin: str = "") -> str:
        """Run another command of `fnt-server` on the same data; returns what it printed."""
        done = subprocess.run(
            self.release.fnt_server(*args, "--data-dir", str(self.data_dir)),
            input=stdin,
            env=environment(**self.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_user(self, email: str, password: str) -> None:
        """Create a user."""
        self.command("user", "add", email, "--password-stdin", stdin=f"{password}\n")

    def make_token(self, email: str) -> str:
        """Make a personal token."""
        return self.command("user", "token", email, "--days", "3650").strip()


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run a server for as long as the block runs."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


@dataclass(slots=True, kw_only=True)
class Client:
    """`fnt` of a release, with a configuration and a working folder of its own."""

    release: Release
    cwd: Path
    config_dir: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, release: Release, folder: Path, *, url: str) -> Client:
        """Return a client without any configuration in a new folder."""
        folder.mkdir(parents=True)
        return cls(
            release=release,
            cwd=folder,
            config_dir=folder / "config",
            environ={"FNT_SERVER": url},
        )

    def environment(self) -> dict[str, str]:
        """Return what the command finds in its environment."""
        return environment(
            FNT_CONFIG_DIR=str(self.config_dir), NO_COLOR="1", COLUMNS="100", **self.environ
        )

    def run(
        self, *args: str, stdin: str = "", timeout_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            self.release.fnt(*args),
            cwd=self.cwd,
            env=self.environment(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def run_ok(self, *args: str, stdin: str = "") -> str:
        """Run one command that must succeed; returns its stdout."""
        done = self.run(*args, stdin=stdin)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *args: str) -> dict[str, Any]:
        """Run one command that must succeed; returns its document."""
        document: dict[str, Any] = json.loads(self.run_ok(*args, "--json"))
        return document

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start one command; the caller ends it."""
        return subprocess.Popen(
            self.release.fnt(*args),
            cwd=self.cwd,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def log_in(self, email: str, password: str) -> Client:
        """Log in by password; the token goes into a file."""
        self.run_ok("login", "--email", email, "--password-stdin", "--insecure-storage",
                    stdin=f"{password}\n")  # fmt: skip
        return self


class Rest:
    """REST as curl would speak it."""

    def __init__(self, url: str, *, token: str) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/v1", timeout=20, headers={"Authorization": f"Bearer {token}"}
        )

    def __enter__(self) -> Rest:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> httpx.Response:
        """Get a path that must be there."""
        return self._http.get(path, params=params).raise_for_status()

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Post to a path that must take it."""
        return self._http.post(path, **options).raise_for_status()

    def confirm(self, name: str, **settings: Any) -> int:
        """Announce a book; returns the job's id."""
        body = {"original_filename": name, "processing_settings": settings}
        return int(self.post("/jobs/confirm", json=body).json()["job_id"])

    def send(self, content: bytes, *, name: str, **settings: Any) -> int:
        """Announce and send a book; returns the job's id."""
        job_id = self.confirm(name, **settings)
        self.post("/process-pdf", data={"job_id": str(job_id)}, files={"pdf_file": (name, content)})
        return job_id

    def job(self, job_id: int) -> dict[str, Any]:
        """Return a job as it stands."""
        found: dict[str, Any] = self.get(f"/jobs/{job_id}").json()
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """Return the user's jobs, newest first."""
        found: list[dict[str, Any]] = self.get("/jobs", limit=200).json()["jobs"]
        return found

    def ended(self, job_id: int, *, within_s: float = 30) -> dict[str, Any]:
        """Wait until a job has ended; returns it."""

        def look() -> dict[str, Any] | None:
            job = self.job(job_id)
            return job if job["status"] in ("completed", "failed", "cancelled") else None

        job: dict[str, Any] = wait_for(look, within_s=within_s, what=f"job {job_id} has ended")
        return job

    def result(self, job_id: int, kind: str) -> bytes:
        """Return a result in one of the server's formats."""
        return self.get(f"/jobs/{job_id}/result", format=kind).content


def log_in(url: str, email: str, password: str) -> str:
    """Log in by password over REST; returns the access token."""
    answer = httpx.post(
        f"{url}/api/v1/auth/login", json={"email": email, "password": password}, timeout=20
    )
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token
