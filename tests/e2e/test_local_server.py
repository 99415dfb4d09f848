"""`fnt upload` from nothing to sentences, with the personal server behind it."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import clean_environ, descendants, is_alive, wait_for
from fnt.config.settings import DEFAULT_SERVER
from fnt.local_server.folder import LocalFolder
from fnt.local_server.resolution import STARTS, listens
from fnt.local_server.server import LocalServer
from fnt_server.cli.sample import story_pdf
from pdfs import make_pdf
from screen import ScreenCommand

START_WITHIN_S = 120


@dataclass
class Reader:
    """Somebody with a terminal, a home folder and nothing else."""

    folder: Path
    network: list[str]
    """What a command begins with to run in a certain network."""
    shown: bytes = b""

    @property
    def environ(self) -> dict[str, str]:
        data, config = str(self.folder / "data"), str(self.folder / "config")
        found = clean_environ(HOME=str(self.folder), XDG_DATA_HOME=data, XDG_CONFIG_HOME=config)
        return {name: value for name, value in found.items() if name != "CI"}

    @property
    def local(self) -> Path:
        return self.folder / "data" / "fnt" / "local"

    def on_terminal(self, *args: str, **environ: str) -> ScreenCommand:
        return ScreenCommand(
            [*self.network, sys.executable, "-m", "fnt", *args],
            environ={**self.environ, **environ}, cwd=self.folder, columns=100,
        )  # fmt: skip

    def run(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.network, sys.executable, "-m", "fnt", *args],
            cwd=self.folder, env={**self.environ, **environ}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    def json(self, *args: str) -> Any:
        return json.loads(self.run(*args, "--json").stdout)

    def pid(self) -> int:
        return int(json.loads((self.local / "server.json").read_text())["pid"])


@pytest.fixture(scope="module")
def network() -> Iterator[list[str]]:
    """A network of its own for who may make one: there, nobody listens on port 5000."""
    name = f"fnt-local-{secrets.token_hex(3)}"
    if (
        shutil.which("ip")
        and subprocess.run(["ip", "netns", "add", name], check=False).returncode == 0
    ):
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield ["ip", "netns", "exec", name]
        subprocess.run(["ip", "netns", "del", name], check=True)
    elif listens(DEFAULT_SERVER):
        pytest.skip("something listens on port 5000 of this machine")
    else:
        yield []


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, network: list[str]) -> Iterator[Reader]:
    """Two uploads that began at once, on two terminals, and have ended well."""
    made = Reader(tmp_path_factory.mktemp("reader"), network)
    both = [made.on_terminal("upload", str(story_pdf()), "-w", "-o", name) for name in "ab"]
    for command in both:
        status = command.finish(within_s=START_WITHIN_S)
        made.shown += command.written
        command.close()
        assert status == 0, command.text
    yield made
    LocalServer(LocalFolder(made.local), environ={}).stop()


def test_both_uploads_have_their_sentences_from_one_server(reader: Reader) -> None:
    shown = reader.shown.decode()

    assert (reader.folder / "a/story.txt").read_bytes() == (
        reader.folder / "b/story.txt"
    ).read_bytes()
    assert shown.count(STARTS) == 1
    assert f"\x1b[2m{STARTS}" in shown
    assert len(STARTS) < 80


def test_its_folder_and_token_are_the_users_alone(reader: Reader) -> None:
    assert reader.local.stat().st_mode & 0o777 == 0o700
    modes = {path.stat().st_mode & 0o777 for path in reader.local.iterdir() if path.is_file()}
    assert modes == {0o600}


def test_it_listens_on_the_loopback_alone(reader: Reader) -> None:
    port = int((reader.local / "port").read_text())
    table = Path(f"/proc/{reader.pid()}/net/tcp").read_text().splitlines()[1:]
    listening = {row.split()[1] for row in table if row.split()[3] == "0A"}

    assert {one for one in listening if one.endswith(f":{port:04X}")} == {f"0100007F:{port:04X}"}


def test_the_next_commands_use_it_and_know_it_as_local(reader: Reader) -> None:
    (reader.folder / "book.pdf").write_bytes(make_pdf())
    (reader.folder / "books.txt").write_text("book.pdf\n")

    jobs = reader.json("jobs", "list")["jobs"]
    saved = reader.run("download", "1", "-f", "csv", "-o", "c/", CI="true")
    batch = reader.run("batch", "run", "books.txt", "-o", "d")

    assert [job["job"]["status"] for job in jobs] == ["completed"] * 2
    assert (saved.returncode, saved.stdout) == (0, "c/story.csv\n"), saved.stderr
    assert reader.json("whoami")["whoami"]["server"] == "local"
    assert (reader.folder / "config/fnt/seen/local.json").exists()
    assert reader.run("__jobs").stdout.startswith("3\t")
    assert batch.returncode == 0, batch.stderr
    assert reader.json("batch", "status", "books.txt")["batch"]["server"] == "local"


def test_doctor_finds_nothing_wrong(reader: Reader) -> None:
    done = reader.run("doctor")

    assert done.returncode == 0, done.stdout
    assert "personal server at http://127.0.0.1:" in done.stdout


def test_status_and_logs(reader: Reader) -> None:
    status = reader.json("local", "status")["local status"]

    assert status["status"] == "running"
    assert (status["pid"], status["idle_s"]) == (reader.pid(), 600)
    assert status["url"] in reader.run("local", "logs").stdout


def test_killed_it_comes_back_on_its_port_and_ends_when_idle(reader: Reader) -> None:
    """The last test: after it, nothing runs."""
    port = (reader.local / "port").read_text()
    os.kill(reader.pid(), signal.SIGKILL)
    wait_for(lambda: not _is_running(reader), within_s=10, what="it is gone")

    command = reader.on_terminal("jobs", "list", FNT_LOCAL_IDLE="4s")
    status = command.finish(within_s=START_WITHIN_S)
    command.close()
    processes = [reader.pid(), *descendants(reader.pid())]

    assert status == 0, command.text
    assert (reader.local / "port").read_text() == port
    assert re.search(r"starting a personal server", command.text)
    assert command.text.count("story") == 2
    wait_for(lambda: not _is_running(reader), within_s=60, what="it is idle and ends")
    wait_for(lambda: not any(map(is_alive, processes)), within_s=10, what="nothing is left")


def _is_running(reader: Reader) -> bool:
    return LocalServer(LocalFolder(reader.local), environ={}).running() is not None


@pytest.fixture
def newcomer(tmp_path: Path, network: list[str]) -> Iterator[Reader]:
    made = Reader(tmp_path, network)
    yield made
    LocalServer(LocalFolder(made.local), environ={}).stop()


@pytest.mark.parametrize(
    ("args", "environ"),
    [
        (["upload", "story.pdf", "--no-local"], {"CI": "false"}),
        (["upload", "story.pdf"], {"CI": "true"}),
        (["jobs", "list"], {}),
    ],
)
def test_none_is_started_unasked(
    newcomer: Reader, args: list[str], environ: dict[str, str]
) -> None:
    (newcomer.folder / "story.pdf").write_bytes(story_pdf().read_bytes())
    command = newcomer.on_terminal(*args, **environ)

    status = command.finish()
    command.close()

    assert status == 4, command.text
    assert not newcomer.local.exists()


def test_ctrl_c_while_it_starts_leaves_nothing(newcomer: Reader) -> None:
    command = newcomer.on_terminal("upload", str(story_pdf()))
    command.wait_for(lambda text: STARTS in text)

    command.press("\x03")
    status = command.finish()
    command.close()

    assert status == 130, command.text
    wait_for(lambda: not _is_running(newcomer), within_s=30, what="nothing runs")


def test_one_that_cannot_start_tells_why(newcomer: Reader) -> None:
    (newcomer.local / "data").mkdir(parents=True, mode=0o700)
    newcomer.local.chmod(0o700)
    (newcomer.local / "data/fnt.db").write_text("this is no database")

    done = newcomer.run("jobs", "list", "--server", "local")

    assert done.returncode == 2
    assert re.search(r"^error: the personal server did not start: .*damaged", done.stderr, re.M)
    assert not _is_running(newcomer)
