"""Every line that README and docs tell people to type, typed as it is written.

One server stands for those of the pages. What is put in place of what:
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest

from doc_lines import PAGES, rows, scripts
from e2e.harness import PASSWORD, RestClient, ServerProcess, clean_environ
from e2e.programs import search_path
from fnt_server.cli.sample import story_pdf
from pdfs import make_pdf
from requirements import require_tool

FAULTS = pytest.mark.faults
NOT_RUN = {
    r"^make ": "the Makefile's own targets; the demo is shown in test_main_job",
    r"^(python3|/usr/bin/python3) -m venv|/activate$|pip install": "test_distribution",
    r"^fnt-server run$": "how the server of these tests was started",
    r"^(GEMINI|OPENAI)_": "needs a model",
    r"^(useradd|install|systemctl|runuser) ": "needs root and systemd: test_deploy_page",
}
ELSEWHERE = {"deploy.md": "test_deploy_page"}
ASKS = re.compile(r"^(fnt-server user (?:add|passwd) \S+|fnt login --email \S+)$", re.MULTILINE)
KEPT_IN_FILE = " --insecure-storage"


class Stage:
    """A folder with what the pages take as given, and a user of their own."""

    def __init__(self, folder: Path, server: ServerProcess, page: Path, path: str) -> None:
        self.server, self._folder, self._page, self._path = server, folder, page, path
        self._jobs: dict[str, str] = {}
        self._email = self._mine("you@example.org")
        self._adds_user = any("user add you@" in script for script in scripts(page))
        if not self._adds_user:
            server.add_user(self._email)

    @cached_property
    def _rest(self) -> RestClient:
        return RestClient(self.server.url, self._email)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if "_rest" in self.__dict__:
            self._rest.close()

    def type(self, script: str, *, folder: str = "here") -> None:
        """Type a block into a shell."""
        here = self._folder / folder
        if not here.exists():
            self._fill(here)
        environ = clean_environ(
            PATH=self._path,
            FNT_SERVER=self.server.url,
            FNT_CONFIG_DIR=str(self._folder / "config"),
            FNT_DATA_DIR=str(self.server.data_dir),
            url=f"file://{here}/novel.pdf",
        )
        if not self._adds_user:  # who adds the user by the page also logs in by it
            environ["FNT_TOKEN"] = self._rest.token
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._moved(script, here)],
            cwd=here, env=environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"

    def _fill(self, here: Path) -> None:
        books = ("library/a/one.pdf", "library/two.pdf", "books/three.pdf")
        for pages, name in enumerate(books, start=1):
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            (here / name).write_bytes(make_pdf(pages=pages))
        (here / "novel.pdf").symlink_to(story_pdf())
        (here / "books.csv").write_text("path\nnovel.pdf\n")
        for name in ("backups", "var/lib"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)

    def _job(self, shown: str) -> str:
        """Return the number of a completed job, the same for the same number on the page."""
        if shown not in self._jobs:
            job_id = self._rest.submit(story_pdf().read_bytes())
            self._rest.wait_until(job_id, lambda job: bool(job["status"] == "completed"))
            self._jobs[shown] = str(job_id)
        return self._jobs[shown]

    def _mine(self, email: str) -> str:
        return email.replace("@", f"@{self._page.stem.lower()}.")

    def _moved(self, script: str, here: Path) -> str:
        lines = []
        for line in script.splitlines():
            typed = re.sub(r"\s+# .*", "", line)
            if any(re.search(pattern, typed) for pattern in NOT_RUN):
                continue
            if typed.startswith(("fnt watch", "fnt download", "fnt jobs")):
                typed = re.sub(r"(?<= )1[23](?= |$)", lambda found: self._job(found[0]), typed)
            lines.append(typed)
        text = "\n".join(lines).replace("http://127.0.0.1:5000", self.server.url)
        # The browser's part is in test_device_login.
        text = re.sub(r"^fnt login$", "fnt login --email you@example.org", text, flags=re.MULTILINE)
        text = text.replace('"password": "…"', f'"password": "{PASSWORD}"')
        text = re.sub(r"(?<= )/(backups|var/lib/fnt)\b", rf"{self._folder}/\1", text)
        text = re.sub(r"(?<= )/books\b", f"{here}/books", text)
        text = re.sub(r"\b(\w+@example\.org)", lambda found: self._mine(found[1]), text)
        return ASKS.sub(self._answered, text)

    def _answered(self, found: re.Match[str]) -> str:
        extra = KEPT_IN_FILE if found[1].startswith("fnt login") else ""
        return f"{found[1]}{extra} --password-stdin <<< '{PASSWORD}'"


@pytest.fixture(scope="module")
def path() -> str:
    """The PATH of the shells."""
    for tool in ("curl", "jq", "openssl"):
        require_tool(tool)
    return search_path()


@pytest.fixture
def stage(shared_server: ServerProcess, tmp_path: Path, page: Path, path: str) -> Iterator[Stage]:
    shared_server.wait_until_well()
    stage = Stage(tmp_path, shared_server, page, path)
    yield stage
    stage.close()


TYPED = [page for page in PAGES if page.name not in ELSEWHERE and (scripts(page) or rows(page))]


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name, marks=() if page.name == "README.md" else FAULTS)
        for page in TYPED
    ],
)
def test_what_a_page_tells_to_type_works(stage: Stage, page: Path) -> None:
    for script in scripts(page):
        stage.type(script)
    for number, row in enumerate(rows(page)):
        stage.type("\n".join(row), folder=f"row{number}")
