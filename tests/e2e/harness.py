"""The real server and the real client as processes, each with a home of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from e2e import programs
from fnt.config.settings import load_settings
from fnt.connection import connect
from fnt_server.config import Config
from fnt_server.db.connection import Database
from server.records import make_password_user

START_WITHIN_S = 60.0
PASSWORD = "correct horse battery"


def wait_for(condition: Callable[[], Any], *, within_s: float, what: str) -> Any:
    """Poll a condition until it holds and return its value; fails when the time is up."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {within_s} s: {what}")


def clean_environ(**extra: str) -> dict[str, str]:
    """Return the environment without settings of ours."""
    kept = {
        name: os.environ.get(name, "")  # threads may ask while a test begins and removes some
        for name in list(os.environ)
        if not name.startswith(("FNT_", "CELERY_")) and name != "DATABASE_URL"
    }
    return {**kept, "FNT_NO_KEYRING": "1", **extra}


class ServerProcess:
    """`fnt-server run` on a data folder; may be killed and started again on the same port."""

    def __init__(self, data_dir: Path, **environ: str) -> None:
        self.data_dir = data_dir
        self.environ = clean_environ(**{"FNT_WORKERS": "1", **environ})
        self.port = 0
        self.url = ""
        self.process: subprocess.Popen[str] | None = None
        data_dir.mkdir(parents=True, exist_ok=True)
        self.log = data_dir / "server.log"

    def start(self) -> ServerProcess:
        command = ["run", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as log:
            self.process = programs.start(
                "fnt_server",
                *command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self.environ,
            )
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", line), self.log.read_text()[-3000:]
        self.url = line.split()[1]
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def wait_until_well(self) -> None:
        """Wait for the worker, which comes a moment after the first answer."""

        def is_well() -> bool:
            answer = httpx.get(f"{self.url}/api/v1/health").json()
            return bool(answer["status"] == "ok")

        wait_for(is_well, within_s=30, what="the server is well")

    def stop(self) -> int:
        """Stop as a user would; returns the exit status."""
        assert self.process
        if self.process.poll() is None:
            self.process.terminate()
        return self._reap()

    def kill(self) -> None:
        """Kill the supervisor with -9; its children must follow by themselves."""
        assert self.process
        children = self.descendants()
        self.process.kill()
        self._reap()
        wait_for(lambda: not any(map(is_alive, children)), within_s=5, what="no orphans")

    def _reap(self) -> int:
        assert self.process and self.process.stdout
        status = self.process.wait(timeout=15)
        self.process.stdout.close()
        return status

    def descendants(self) -> list[int]:
        """Return the ids of all processes below the supervisor."""
        assert self.process
        return descendants(self.process.pid)

    def child(self, name: str) -> int:
        """Return the id of the direct child `broker`, `web` or `worker`."""

        def find() -> int | None:
            assert self.process
            for pid in children_of(self.process.pid):
                is_broker = "broker.sock" in command_line(pid)
                if is_broker if name == "broker" else process_name(pid) == f"fnt-{name}":
                    return pid
            return None

        found: int = wait_for(find, within_s=10, what=f"the {name} runs")
        return found

    def broker_socket(self) -> Path:
        """Return where the embedded broker listens: it is in the title of its process."""
        title = Path(f"/proc/{self.child('broker')}/cmdline").read_bytes()
        return Path(os.fsdecode(title.split(b"unixsocket:")[1].rstrip(b" \0")))

    def add_user(self, email: str) -> None:
        """Add a user with the password of all; past the command, whose start takes a second."""
        config = Config.from_env({**self.environ, "FNT_DATA_DIR": str(self.data_dir)})
        database = Database(config.database_url)
        make_password_user(database, email, PASSWORD)
        database.dispose()

    def access_log(self) -> list[str]:
        """Return the requests the web process has logged, like `GET /api/v1/jobs`."""
        found = re.findall(r"method=(\S+) path=(\S+)", self.log.read_text(errors="replace"))
        return [f"{method} {path}" for method, path in found]


class ClientHome:
    """`fnt` as one user's command, with a configuration folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.environ = clean_environ(
            FNT_SERVER=url, FNT_CONFIG_DIR=str(folder / "config"), NO_COLOR="1", COLUMNS="100"
        )

    def at(self, url: str) -> ClientHome:
        """Return the same client talking to the server by another way, with its own login."""
        home = ClientHome(self.folder, url)
        if "FNT_TOKEN" in self.environ:
            home.environ["FNT_TOKEN"] = self.environ["FNT_TOKEN"]
        return home

    def start(self, *args: str, **options: Any) -> subprocess.Popen[str]:
        return programs.start(
            "fnt",
            *args,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(
        self, *args: str, stdin: str = "", timeout_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        return programs.run(
            "fnt", *args, cwd=self.folder, env=self.environ, stdin=stdin, timeout_s=timeout_s
        )

    def run_ok(self, *args: str, stdin: str = "", timeout_s: float = 120) -> str:
        done = self.run(*args, stdin=stdin, timeout_s=timeout_s)
        assert done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *args: str) -> Any:
        return json.loads(self.run_ok(*args, "--json"))

    def login(self, email: str) -> ClientHome:
        """Log in as the command does, without its start."""
        settings = load_settings(flags={}, environ=self.environ, cwd=self.folder)
        server = connect(settings)
        with server.api, server.anonymous:
            tokens = server.anonymous.login(email, PASSWORD)
        server.store.save(tokens, insecure_storage=True)
        return self

    def job(self, job_id: int) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.json("jobs", "show", str(job_id))["jobs"][0]["job"]
        return found


def log_in(url: str, email: str, address: str) -> str:
    """Return an access token asked for from one of this machine's addresses."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address=address), timeout=30) as http:
        answer = http.post(f"{url}/api/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


class RestClient:
    """REST without the client under test: for looking at the truth."""

    def __init__(self, url: str, email: str) -> None:
        # logins are limited by address
        self.address = f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.1"
        self.token = log_in(url, email, self.address)
        self._http = httpx.Client(base_url=f"{url}/api/v1", timeout=30)
        self._http.headers["Authorization"] = f"Bearer {self.token}"

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._http, verb)

    def submit(self, content: bytes, *, name: str = "novel.pdf", **settings: Any) -> int:
        """Confirm and upload; returns the job's id."""
        body = {"original_filename": name, "processing_settings": settings}
        job_id: int = self._http.post("/jobs/confirm", json=body).json()["job_id"]
        sent = self._http.post(
            "/process-pdf", data={"job_id": str(job_id)}, files={"pdf_file": (name, content)}
        )
        assert sent.status_code == 202, sent.text
        return job_id

    def job(self, job_id: int) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"/jobs/{job_id}").json()
        return found

    def wait_until(
        self, job_id: int, condition: Callable[[dict[str, Any]], bool], *, within_s: float = 60
    ) -> dict[str, Any]:
        """Poll until the job is as wanted; survives a server that is away."""

        def look() -> dict[str, Any] | None:
            with contextlib.suppress(httpx.HTTPError, KeyError):
                job = self.job(job_id)
                return job if condition(job) else None
            return None

        found: dict[str, Any] = wait_for(look, within_s=within_s, what=f"job {job_id} as wanted")
        return found

    def close(self) -> None:
        self._http.close()


def is_alive(pid: int) -> bool:
    """Whether a process runs (and is no zombie)."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def command_line(pid: int) -> str:
    """Return a process's arguments with NUL between."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


def process_name(pid: int) -> str:
    """Return what `ps` calls a process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def children_of(pid: int) -> list[int]:
    """Return the direct children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                    found.append(int(entry.name))
    return found


def descendants(pid: int) -> list[int]:
    """Return all processes below one."""
    return [below for child in children_of(pid) for below in (child, *descendants(child))]


def kill_tree(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal a process and all below it."""
    for target in [pid, *descendants(pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(target, number)


@contextlib.contextmanager
def running(server: ServerProcess) -> Iterator[ServerProcess]:
    """Run a server for as long as the block runs."""
    server.start()
    try:
        yield server
    finally:
        if server.process:  # one that ended by itself still has an open pipe
            server.stop()
