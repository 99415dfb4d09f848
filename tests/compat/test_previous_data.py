"""What the previous release has left on disk and in PostgreSQL works with this one."""

from __future__ import annotations

import contextlib
import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from compat.leftovers import (
    age_sqlite,
    delay_since,
    move_home,
    read_results,
    restored_postgres,
    unpack,
)
from compat.processes import Client, Release, Rest, Server, log_in, serving

READER, OTHER, LIBRARY = (f"{name}@example.org" for name in ("reader", "other", "library"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """The server of this release on data of the previous one."""

    server: Server
    facts: dict[str, Any]
    password: str
    by_s: float

    def rest(self, email: str) -> Rest:
        return Rest(self.server.url, token=self.facts["tokens"][email])


@contextlib.contextmanager
def survivor(
    kind: str, release: Release, folder: Path, facts: dict[str, Any]
) -> Iterator[Survivor]:
    by_s = delay_since(facts[kind]["made_at"])
    unpack(f"{kind}.tar.xz", folder)
    with contextlib.ExitStack() as stack:
        environ = {"FNT_WORKERS": "1"}
        if kind == "postgres":
            environ["DATABASE_URL"] = stack.enter_context(restored_postgres(by_s=by_s))
        else:
            age_sqlite(folder / "data" / "fnt.db", by_s=by_s)
        server = Server(release=release, data_dir=folder / "data", environ=environ)
        stack.enter_context(serving(server))
        yield Survivor(server=server, facts=facts[kind], password=facts["password"], by_s=by_s)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(
    request: pytest.FixtureRequest,
    current: Release,
    facts: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Survivor]:
    kind = request.param
    with survivor(kind, current, tmp_path_factory.mktemp(kind), facts) as found:
        yield found


@pytest.fixture(scope="module")
def home(
    current: Release, facts: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, Survivor]]:
    """A user's files, and the server they knew."""
    folder = tmp_path_factory.mktemp("home")
    with survivor("sqlite", current, folder, facts) as found:
        unpack("home.tar.xz", folder)
        key = (folder / "data" / "secret.key").read_bytes().strip()
        move_home(folder / "home", before=found.facts["url"], after=found.server.url, key=key,
                  by_s=found.by_s)  # fmt: skip
        yield folder / "home", found


def test_the_old_password_logs_in(served: Survivor) -> None:
    token = log_in(served.server.url, READER, served.password)

    with Rest(served.server.url, token=token) as rest:
        assert rest.get("/auth/me").json()["email"] == READER


def test_the_old_personal_token_lists_every_job(
    served: Survivor, current: Release, tmp_path: Path
) -> None:
    client = Client.at(current, tmp_path / "home", url=served.server.url)
    client.environ["FNT_TOKEN"] = served.facts["tokens"][READER]

    listed = {entry["job"]["id"] for entry in client.json("jobs", "list")["jobs"]}

    ids = served.facts["jobs"]
    assert listed == {ids[name] for name in ids if name != "merging"}


@pytest.mark.parametrize(("name", "code"), [("failed", "PDF_DAMAGED"), ("cancelled", None)])
def test_ended_jobs_stay_as_they_ended(served: Survivor, name: str, code: str | None) -> None:
    with served.rest(READER) as rest:
        job = rest.job(served.facts["jobs"][name])

    assert (job["status"], job["error_code"]) == (name, code)


@pytest.mark.parametrize("kind", ["json", "jsonl", "txt", "csv"])
def test_an_old_result_downloads_byte_for_byte(served: Survivor, kind: str) -> None:
    with served.rest(READER) as rest:
        assert rest.result(served.facts["jobs"]["completed"], kind) == read_results()[kind]


@pytest.mark.parametrize(
    ("email", "name"), [(READER, "half"), (OTHER, "merging"), (READER, "queued")]
)
def test_jobs_that_were_under_way_run_to_their_end(served: Survivor, email: str, name: str) -> None:
    with served.rest(email) as rest:
        job = rest.ended(served.facts["jobs"][name])
        result = json.loads(rest.result(job["id"], "json"))

    assert job["status"] == "completed", job
    assert len(result["sentences"]) == job["sentence_count"] > 0


def test_a_job_half_done_misses_and_doubles_nothing(served: Survivor) -> None:
    with served.rest(READER) as rest:
        job = rest.ended(served.facts["jobs"]["half"])
        sentences = json.loads(rest.result(job["id"], "json"))["sentences"]

    expected = json.loads(read_results()["json"])["sentences"]
    assert words_of(sentences) == words_of(expected)  # where a release cuts is its own affair


def words_of(sentences: list[dict[str, Any]]) -> list[str]:
    """Return every word of a result in order, however it was cut."""
    return re.findall(r"\w+", " ".join(sentence["text"] for sentence in sentences).casefold())


def test_an_announced_job_still_takes_its_file(served: Survivor, tmp_path: Path) -> None:
    job_id = served.facts["jobs"]["unsent"]
    unpack("home.tar.xz", tmp_path)
    book = (tmp_path / "home/library/books/livre-01.pdf").read_bytes()
    with served.rest(READER) as rest:
        rest.post("/process-pdf", data={"job_id": str(job_id)}, files={"pdf_file": ("b.pdf", book)})

        assert rest.ended(job_id)["status"] == "completed"


def test_a_device_that_waits_is_still_waited_for(served: Survivor) -> None:
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    body = {"grant_type": grant, "client_id": "fnt-cli", "device_code": served.facts["device_code"]}
    url = f"{served.server.url}/api/v1/auth/device/token"

    assert httpx.post(url, json=body).json()["error"] == "authorization_pending"
    assert httpx.post(url, json={**body, "device_code": "x" * 43}).json()["error"] != (
        "authorization_pending"
    )


def test_the_old_configuration_and_login_are_effective(
    home: tuple[Path, Survivor], current: Release
) -> None:
    folder, found = home
    assert [
        stat.S_IMODE(p.stat().st_mode) for p in (folder / "config/credentials").glob("*.json")
    ] == [0o600] * 2
    client = Client(release=current, cwd=folder, config_dir=folder / "config")

    assert client.run_ok("config", "get", "server").strip() == found.server.url
    assert client.run_ok("config", "get", "jobs").strip() == "1"
    assert client.run_ok("config", "get", "timeout", "--profile", "work").strip() == "50s"
    assert LIBRARY in client.run_ok("whoami")
    assert OTHER in client.run_ok("whoami", "--profile", "work")


def test_the_old_project_file_is_effective(home: tuple[Path, Survivor], current: Release) -> None:
    folder, _ = home
    client = Client(release=current, cwd=folder / "project", config_dir=folder / "config")

    assert client.run_ok("config", "get", "jobs").strip() == "7"
    assert OTHER in client.run_ok("whoami")


def test_jobs_seen_by_the_old_client_are_completed(
    home: tuple[Path, Survivor], current: Release
) -> None:
    """The command is the one that completion scripts, installed long ago, call."""
    folder, _ = home
    client = Client(release=current, cwd=folder, config_dir=folder / "config")

    assert "livre-01.pdf" in client.run_ok("__jobs")


def test_the_old_ledger_goes_on_and_sends_nothing_twice(
    home: tuple[Path, Survivor], current: Release
) -> None:
    folder, found = home
    client = Client(release=current, cwd=folder / "library", config_dir=folder / "config")
    saved = {p: p.stat().st_mtime_ns for p in (client.cwd / "out").iterdir()}
    books = {p.stem for p in (client.cwd / "books").glob("*.pdf")}
    assert 0 < len(saved) < len(books)

    client.run_ok("batch", "run", "books", "-o", "out", "-f", "txt")

    results = list((client.cwd / "out").iterdir())
    assert {p.stem for p in results} == books
    assert {p: p.stat().st_mtime_ns for p in saved} == saved
    with found.rest(LIBRARY) as rest:
        names = sorted(job["original_filename"] for job in rest.jobs())
    assert names == sorted(f"{book}.pdf" for book in books)
