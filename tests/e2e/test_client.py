"""`from fnt import Client`: the page's own example, and what a script relies on."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from fnt import Client
from fnt.errors import AuthError, NotFoundError, RefusedInputError, UsageError
from fnt_server.cli.sample import story_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
PAGE = Path(__file__).parents[2] / "docs" / "python.md"


@pytest.fixture
def rest(shared_server: ServerProcess, make_client: MakeClient) -> RestClient:
    return make_client(shared_server)[1]


@pytest.fixture
def client(shared_server: ServerProcess, rest: RestClient) -> Iterator[Client]:
    with Client(shared_server.url, token=rest.token) as opened:
        yield opened


def test_the_example_of_the_page_runs(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)
    (home.folder / "novel.pdf").write_bytes(story_pdf().read_bytes())
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home.folder, env=home.environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    *states, path = done.stdout.splitlines()
    assert path == "novel.json"
    percents = [int(state.split()[0]) for state in states]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_a_job_from_upload_to_removal(client: Client, tmp_path: Path) -> None:
    job = client.upload(story_pdf(), name="Le Passeur.pdf", idempotency_key="book-1")
    again = client.upload(story_pdf(), name="Le Passeur.pdf", idempotency_key="book-1")
    ended = client.wait(job.id)

    assert again.id == job.id
    assert (ended.status, ended.original_filename) == ("completed", "Le Passeur.pdf")
    assert client.download(job.id, tmp_path) == tmp_path / "Le Passeur.txt"
    assert [found.id for found in client.jobs(status="completed")] == [job.id]
    assert client.cancel(job.id).status == "completed"
    client.remove(job.id)
    with pytest.raises(NotFoundError):
        client.job(job.id)


def test_what_goes_wrong_is_an_error_of_ours(client: Client, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_text("no PDF")

    with pytest.raises(RefusedInputError):
        client.upload(tmp_path / "a.pdf")
    with pytest.raises(NotFoundError):
        list(client.watch(999_999))
    with pytest.raises(UsageError):
        client.upload(story_pdf(), sentence_length_limit=1000)


def test_a_wrong_token_is_told(shared_server: ServerProcess) -> None:
    with Client(shared_server.url, token="wrong") as client, pytest.raises(AuthError):
        client.jobs()


def test_importing_fnt_loads_nothing_of_the_network() -> None:
    code = "import sys, fnt; sys.exit('httpx' in sys.modules or 'socketio' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
