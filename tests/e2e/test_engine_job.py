"""A whole job by an engine that asks a model: upload, worker, result, what is told of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator

import pytest
from openpyxl import load_workbook

from e2e.harness import ClientHome, RestClient, ServerProcess, running
from fnt_server.cli.sample import story_pdf
from server.llm_service import Fault, LLMService, eight_at_a_time

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


@pytest.fixture(scope="module")
def llm_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[LLMService, ServerProcess]]:
    """A model's service, and a server that asks it."""
    service = LLMService()
    folder = tmp_path_factory.mktemp("llm") / "data"
    with contextlib.closing(service), running(ServerProcess(folder, **service.environ())) as server:
        yield service, server


@pytest.fixture
def service(llm_server: tuple[LLMService, ServerProcess]) -> Iterator[LLMService]:
    """The model's service, as honest after the test as before it."""
    service, _ = llm_server
    yield service
    service.rewrite = eight_at_a_time
    service.faults = []


@pytest.fixture
def server(llm_server: tuple[LLMService, ServerProcess]) -> ServerProcess:
    return llm_server[1]


@pytest.mark.parametrize("engine", ["openai", pytest.param("gemini", marks=pytest.mark.faults)])
def test_a_book_by_a_model(
    engine: str, service: LLMService, server: ServerProcess, make_client: MakeClient
) -> None:
    service.rewrite = lambda item: None if "rivière" in item["texte"] else eight_at_a_time(item)
    service.faults = [Fault(status=429, headers={"Retry-After": "0"})]
    home, _ = make_client(server)

    home.run_ok("upload", str(story_pdf()), "--engine", engine, "--watch", "-f", "json")
    found = json.loads((home.folder / "story.json").read_text(encoding="utf-8"))
    shown = home.run_ok("jobs", "show", "@latest")

    by = {sentence["engine"] for sentence in found["sentences"]}
    assert by == {engine, "rules"}
    assert all(s["words"] <= 8 for s in found["sentences"])
    cut = {s["source"] for s in found["sentences"] if s["engine"] == "rules"}
    by_model = {s["source"] for s in found["sentences"] if s["text"] != s["source"]} - cut
    assert any("rivière" in source for source in cut)
    assert not any("rivière" in source for source in by_model)
    assert f"by rules   {len(cut)} sentences" in shown
    assert "skipped" in shown
    assert "secret-key" not in server.log.read_text(errors="replace")


def test_a_book_that_is_sent_again_is_answered_from_what_is_kept(
    service: LLMService, server: ServerProcess, make_client: MakeClient
) -> None:
    def run(rest: RestClient, *, words: int = 8) -> tuple[int, str]:
        """Return how many questions a job took, and its result."""
        asked = len(service.questions)
        job_id = rest.submit(story_pdf().read_bytes(), engine="openai", sentence_length_limit=words)
        rest.wait_until(job_id, lambda job: job["status"] == "completed")
        result = rest.get(f"/jobs/{job_id}/result", params={"format": "txt"}).text
        return len(service.questions) - asked, result

    _, mine = make_client(server)
    _, other = make_client(server)

    first = run(mine)
    assert first[0] > 0
    assert run(mine) == (0, first[1])
    assert run(mine, words=9)[0] > 0
    assert run(other) == first
    for job in mine.get("/jobs").json()["jobs"]:
        mine.delete(f"/jobs/{job['id']}").raise_for_status()
    assert run(mine) == first
    assert "rivière" not in server.log.read_text(errors="replace")


def test_a_wrong_key_fails_the_job_at_once_and_says_so(
    service: LLMService, server: ServerProcess, make_client: MakeClient
) -> None:
    service.faults = [Fault(status=401)] * 1000
    home, _ = make_client(server)

    done = home.run("upload", str(story_pdf()), "--engine", "openai", "--watch", "--json")

    [entry] = json.loads(done.stdout)["jobs"]
    assert done.returncode == 7
    assert entry["job"]["error_code"] == "ENGINE_FAILED"
    assert "API key was not accepted" in entry["job"]["error_message"]


def test_an_engine_that_is_not_set_up_is_refused_before_the_book_is_sent(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)

    done = home.run("upload", str(story_pdf()), "--engine", "gemini")

    assert done.returncode == 10
    assert "GEMINI_API_KEY is not set" in done.stderr
    assert rest.get("/jobs").json()["jobs"] == []


def test_a_result_as_workbook_and_deck(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    job_id = rest.submit(story_pdf().read_bytes(), name="Le Passeur.pdf")
    rest.wait_until(job_id, lambda job: job["status"] == "completed")

    saved = home.run_ok("download", str(job_id), "-f", "xlsx,anki", "-o", "out").splitlines()
    refused = home.run("download", str(job_id), "-f", "anki", "-o", "-")

    assert saved == ["out/Le Passeur.xlsx", "out/Le Passeur.apkg"]
    assert sorted(path.name for path in (home.folder / "out").iterdir()) == [
        "Le Passeur.apkg",
        "Le Passeur.xlsx",
    ]
    sheet = load_workbook(home.folder / "out/Le Passeur.xlsx")["sentences"]
    texts = rest.get(f"/jobs/{job_id}/result", params={"format": "txt"}).text.splitlines()
    assert [" ".join(row[0].value.split()) for row in sheet.iter_rows(min_row=2)] == texts
    assert (refused.returncode, refused.stdout) == (2, "")
