"""A data folder with its record and broker, and the server's processes that work in it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import httpx

from e2e import programs
from e2e.harness import clean_environ, wait_for
from fnt.wire import paths
from fnt_server.auth import logins, users
from fnt_server.auth.logins import Authenticator
from fnt_server.auth.tokens import TokenPair, TokenSigner, load_key
from fnt_server.config import Config
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.db.models import Job
from fnt_server.jobs import creation, worker_registry
from fnt_server.jobs.creation import StoredFile
from fnt_server.storage.object_store import Storage
from fnt_server.web.api.job_files import new_file_key
from server.api_client import PDF
from server.records import fetch, make_password_user, new_job

T = TypeVar("T")

PASSWORD_HASH = "-"
START_WITHIN_S = 30.0


class Deployment:
    """What `web` and `worker` share; the tests look into the database and write it as they do."""

    def __init__(self, folder: Path, *, broker_url: str = "", **environ: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        defaults = {"FNT_DATA_DIR": str(folder), "FNT_BROKER_URL": broker_url, "FNT_WORKERS": "1"}
        self.environ = clean_environ(**{**defaults, **environ})
        self.config = Config.from_env(self.environ)
        self.database = Database(self.config.database_url)
        schema.migrate(self.database)
        self.storage = Storage(self.config.storage_url)
        self._processes: list[Process] = []
        self._users = 0

    def start(
        self,
        *command: str,
        fds: tuple[int, ...] = (),
        prefix: Sequence[str] = (),
        **environ: str,
    ) -> Process:
        log = self.folder / f"{command[0]}{len(self._processes)}.log"
        environ = {**self.environ, **environ}
        process = Process(command, log=log, environ=environ, fds=fds, prefix=prefix)
        self._processes.append(process)
        return process

    def start_web(self, *, prefix: Sequence[str] = (), **environ: str) -> WebProcess:
        """Start a web process on a free port; returns when it answers."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            fd, port = listener.fileno(), listener.getsockname()[1]
            process = self.start("web", "--fd", str(fd), fds=(fd,), prefix=prefix, **environ)
        web = WebProcess(process, port=port)
        wait_for(web.answers, within_s=START_WITHIN_S, what="the web process answers")
        return web

    def start_worker(self, **environ: str) -> Process:
        """Start a worker process; it receives a wakeup some time later."""
        return self.start("worker", **environ)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        self.database.dispose()

    def add_user(self) -> tuple[int, str]:
        """Add a user; returns their id and a personal token."""
        self._users += 1
        user = logins.User(
            email=f"u{self._users}@example.org",
            name="u",
            password_hash=PASSWORD_HASH,
            created_at=1.0,
        )
        with self.database.write() as session:
            session.add(user)
        return user.id, users.make_personal_token(self.database, user.email, days=1)

    def authenticator(self, *, access_ttl_s: int = 900) -> Authenticator:
        signer = TokenSigner(load_key(self.config.secret_key_file))
        return Authenticator(self.database, signer, access_ttl_s=access_ttl_s)

    def log_in(self, *, access_ttl_s: int = 900) -> TokenPair:
        """Add a user with a password and log them in."""
        self._users += 1
        email, password = f"login{self._users}@example.org", "correct horse"
        make_password_user(self.database, email, password)
        pair = self.authenticator(access_ttl_s=access_ttl_s).log_in(email, password)
        assert pair is not None
        return pair

    def add_job(self, user_id: int, content: bytes = PDF, *, number: int = 1) -> int:
        """Add a job with its file, for which no wakeup is sent."""
        job, _ = creation.confirm(self.database, new_job(user_id))
        key = new_file_key(job.id)
        self.storage.put(key, [content])
        stored = StoredFile(key=key, sha256=f"{number:064x}", size_bytes=len(content))
        creation.attach_file(self.database, job.id, stored)
        return job.id

    def job(self, job_id: int) -> Job:
        return fetch(self.database, job_id)

    def wait_for_job(
        self, job_id: int, holds: Callable[[Job], object], *, within_s: float, what: str
    ) -> Job:
        """Wait until something holds of a job; returns the job as it was then."""

        def look() -> Job | None:
            job = self.job(job_id)
            return job if holds(job) else None

        try:
            found: Job = wait_for(look, within_s=within_s, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()[-3000:]}") from None
        return found

    def wait_for_worker(self) -> None:
        wait_for(
            lambda: worker_registry.live_workers(self.database, within_s=30),
            within_s=START_WITHIN_S,
            what="a worker is live",
        )

    def logs(self) -> str:
        return "".join(process.log.read_text(errors="replace") for process in self._processes)


class Process:
    """`fnt-server` with a process group of its own, which ends with the test."""

    def __init__(
        self,
        command: tuple[str, ...],
        *,
        log: Path,
        environ: dict[str, str],
        fds: tuple[int, ...],
        prefix: Sequence[str],
    ) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = programs.start(
                "fnt_server",
                *command,
                prefix=prefix,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=environ,
                pass_fds=fds,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Ask the first process to stop, as a supervisor does."""
        self._process.terminate()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait(self, *, within_s: float) -> int:
        return self._process.wait(timeout=within_s)

    def kill(self) -> None:
        """Kill the whole group."""
        self.signal(signal.SIGKILL)
        self._process.wait()


class WebProcess:
    """A web process and how to reach it."""

    def __init__(self, process: Process, *, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def answers(self) -> bool:
        try:
            return httpx.get(self.url + paths.HEALTH, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def client(self, token: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=10, trust_env=False)


def run_command(deployment: Deployment, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `fnt-server` to its end, in the deployment's environment."""
    return programs.run("fnt_server", *command, env=deployment.environ, timeout_s=60)
