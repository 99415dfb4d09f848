"""The commands of `docs/deploy.md`, typed line by line into a folder in place of `/`.

Not run: `systemctl` (there may be no systemd), and the installation by pip from an index, in whose
place the virtual environment reads the packages of this one; `make check-wheel` installs a wheel.
"""

from __future__ import annotations

import configparser
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest

from e2e.harness import kill_tree, wait_for
from fnt.wire import paths
from requirements import absent, require_tool
from server.own_services import free_port, own_postgresql, own_redis
from server.services import local_bucket

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "deploy.md"
MOVED = ("/opt/fnt", "/etc/fnt", "/var/lib/fnt", "/usr/local/bin", "/etc/systemd/system")
NOT_RUN = ("systemctl", "/opt/fnt/bin/pip")
PYTHON = "/usr/bin/python3"
PASSWORD = 'a$HOME b&c;d|`e`"f*'
WITHIN_S = 60


def test_the_page_is_in_the_order_in_which_it_works() -> None:
    lines = commands()
    in_order = [line for line in lines if line.startswith("fnt-server ")]

    assert in_order == [
        "fnt-server --version",
        "fnt-server migrate",
        "fnt-server check",
        "fnt-server user add you@example.org",
    ]
    assert lines.index("systemctl enable --now fnt-web") > lines.index("fnt-server check")


def commands() -> list[str]:
    """Return every line of a shell block of the section, in order."""
    section = PAGE.read_text(encoding="utf-8").partition("## Install")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


class Machine:
    """A folder in place of `/`, and a user in place of `fnt`."""

    def __init__(self, root: Path, user: str, services: Mapping[str, str]) -> None:
        self.root, self.user, self._services = root, user, services
        for folder in MOVED[3:]:
            (root / folder[1:]).mkdir(parents=True)
        for folder in ("opt", "etc", "var/lib"):
            (root / folder).mkdir(parents=True, exist_ok=True)

    def moved(self, text: str) -> str:
        """Return a text with its folders and its user replaced."""
        text = re.sub(r"(?<![\w.])(" + "|".join(MOVED) + r")\b", rf"{self.root}\1", text)
        text = re.sub(r"(-[ogu] |^User=|^user=)fnt\b", rf"\1{self.user}", text, flags=re.MULTILINE)
        return re.sub(r"^(useradd .*) fnt$", rf"\1 {self.user}", text)

    def type(self, line: str, *, stdin: str = "") -> str:
        """Type a line as root, with the clone as the working folder."""
        if line.startswith("umask"):
            os.umask(int(line.split()[1], 8))
        done = subprocess.run(
            ["bash", "-c", self.moved(line)],
            cwd=ROOT,
            env={"PATH": f"{self.root}/usr/local/bin:{os.environ['PATH']}", "HOME": "/root"},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        self._adapt(line)
        return done.stdout

    def _adapt(self, line: str) -> None:
        """Do by hand what stands between two lines, and what is not run."""
        if "-m venv" in line:
            self._link_packages()
        elif "fnt.env" in line:
            self._rewrite("etc/fnt/fnt.env", self._edited)
        elif "docs/deploy/fnt-server" in line:
            self._rewrite("usr/local/bin/fnt-server", self.moved)
        elif "fnt-web.service" in line and line.startswith("install"):
            for name in ("fnt-web.service", "fnt-worker.service"):
                self._rewrite(f"etc/systemd/system/{name}", self.moved)

    def _rewrite(self, path: str, change: object) -> None:
        file = self.root / path
        file.write_text(change(file.read_text()))  # type: ignore[operator]

    def _edited(self, text: str) -> str:
        for name, value in self._services.items():
            text = re.sub(rf"^{name}=.*", lambda _: f"{name}='{value}'", text, flags=re.MULTILINE)  # noqa: B023
        return self.moved(text)

    def _link_packages(self) -> None:
        [packages] = (self.root / "opt/fnt/lib").glob("python3*/site-packages")
        here = [path for path in sys.path if path.endswith("site-packages")]
        lines = [*here, str(ROOT / "cli"), str(ROOT / "server_stub")]
        (packages / "clone.pth").write_text("\n".join(lines))
        # What redis wants of Python before 3.11.3, where pip would install it.
        (packages / "async_timeout.py").write_text("from asyncio import timeout\n")
        script = self.root / "opt/fnt/bin/fnt-server"
        start = "from fnt_server.__main__ import main\nmain()\n"
        script.write_text(f"#!{self.root}/opt/fnt/bin/python\n{start}")
        script.chmod(0o755)


@pytest.fixture
def machine() -> Iterator[Machine]:
    if os.getuid() != 0:
        pytest.skip("a user is created: this needs root")
    for tool in ("runuser", "useradd", "openssl"):
        require_tool(tool)
    _require_python()
    user = f"fnt{secrets.token_hex(3)}"
    with ExitStack() as stack:
        umask = os.umask(0o022)
        stack.callback(os.umask, umask)
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fnt-root-")))
        root.chmod(0o755)
        admin_url = stack.enter_context(own_postgresql())
        with psycopg.connect(admin_url, autocommit=True) as connection:
            literal = psycopg.sql.Literal(PASSWORD)
            connection.execute(psycopg.sql.SQL("ALTER ROLE fnt PASSWORD {}").format(literal))
        place = admin_url.partition("@")[2]
        bucket_url, environ = stack.enter_context(local_bucket())
        services = {
            "DATABASE_URL": f"postgresql://fnt:{quote(PASSWORD, safe='$&;|`*')}@{place}",
            "FNT_BROKER_URL": f"redis://127.0.0.1:{stack.enter_context(own_redis())}/0",
            "FNT_STORAGE_URL": bucket_url,
            **{name: value for name, value in environ.items() if name != "AWS_ALLOW_HTTP"},
            "FNT_PROXIES": "1'\nAWS_ALLOW_HTTP='true",
        }
        stack.callback(lambda: subprocess.run(["userdel", user], check=False, capture_output=True))
        yield Machine(root, user, services)


def _require_python() -> None:
    """Skip unless every user can run the interpreter and read the packages of this one."""
    shown = "import sys; print(*sys.version_info[:2])"
    command = ["runuser", "-u", "nobody", "--", PYTHON, "-c", shown]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stdout.split() != [str(number) for number in sys.version_info[:2]]:
        pytest.skip(f"{PYTHON} is another version than that of the tests")
    for path in (ROOT / "cli", *(p for p in sys.path if p.endswith("site-packages"))):
        look = ["runuser", "-u", "nobody", "--", "ls", path]
        tried = subprocess.run(look, capture_output=True, check=False)
        if tried.returncode:
            absent(f"other users cannot read {path}")


@pytest.mark.faults
def test_typed_literally_it_leads_to_the_right_database(machine: Machine) -> None:
    said = {}
    for line in commands():
        if line.startswith(NOT_RUN):
            continue
        if line.startswith("systemd-analyze") and not shutil.which("systemd-analyze"):
            continue
        asks = line.startswith("fnt-server user add")
        typed = f"{line} --password-stdin" if asks else line
        said[line] = machine.type(typed, stdin="correct horse battery\n" if asks else "")

    assert "FAIL" not in said["fnt-server check"]
    assert "ok   database: postgresql, schema up to date" in said["fnt-server check"]
    assert machine.type("fnt-server user list") == "you@example.org\n"
    data = machine.root / "var/lib/fnt"
    assert data.owner() == machine.user
    assert not (data / "fnt.db").exists()
    assert not (data / "secret.key").exists()
    assert (machine.root / "etc/fnt/secret.key").stat().st_mode & 0o777 == 0o600
    web_answers(machine)


def web_answers(machine: Machine) -> None:
    """Start the web service as systemd would: its user, its file, its line."""
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(machine.root / "etc/systemd/system/fnt-web.service")
    service = unit["Service"]
    lines = Path(service["EnvironmentFile"]).read_text().splitlines()
    environ = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    environ = {name: value[1:-1] for name, value in environ.items()}  # systemd takes the quotes off
    port = free_port()
    words = shlex.split(service["ExecStart"].replace("10.0.0.11", "127.0.0.1"))
    words[words.index("--port") + 1] = str(port)
    command = [require_tool("runuser"), "-u", service["User"], "--", *words]
    with (machine.root / "web.log").open("w") as log:
        process = subprocess.Popen(command, env=environ, cwd="/", stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}{paths.HEALTH}"
        wait_for(lambda: _is_up(url), within_s=WITHIN_S, what=Path(log.name).read_text())
    finally:
        kill_tree(process.pid)
        process.wait()


def _is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
