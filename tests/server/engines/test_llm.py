"""The engines that ask a model, through their libraries, against a local service."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fnt.wire.jobs import ProcessingSettings
from fnt.wire.words import count_words
from fnt_server.engines import get_engine, llm_requests, missing_requirement
from fnt_server.engines.validation import find_defect
from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.engine_protocol import EngineFailed, Shortened, Stopped
from fnt_server.sandbox.pipeline_process import PipelineProcess
from server.llm_service import Fault, LLMService, Pieces, eight_at_a_time

SETTINGS = ProcessingSettings()
SENTENCES = [
    f"Le vieux passeur numéro {number} regardait longtemps la rivière noire avant de parler au "
    "marchand."
    for number in range(45)
]
ENGLISH = ["The old man was at the river.", "He said that it was for the boy."]


def run(engine: str, sentences: Sequence[str] = SENTENCES[:1]) -> list[Shortened]:
    return get_engine(engine)(sentences, SETTINGS)


def test_every_sentence_is_answered_in_its_order(service: LLMService, engine: str) -> None:
    found = run(engine, SENTENCES)

    assert [" ".join(one.pieces) for one in found] == SENTENCES
    assert {(one.engine, one.fallback_reason) for one in found} == {(engine, None)}
    assert all(count_words(piece) <= 8 for one in found for piece in one.pieces)
    assert sorted(len(asked["items"]) for asked in service.questions) == [5, 20, 20]
    assert service.most_at_once <= 4


def test_a_sentence_is_asked_with_the_one_before_it(service: LLMService, engine: str) -> None:
    run(engine, SENTENCES[:2])

    [first, second] = service.questions[0]["items"]
    assert "avant" not in first
    assert second["avant"] == SENTENCES[0]


def test_the_key_goes_in_a_header(service: LLMService, engine: str) -> None:
    run(engine)

    headers = service.headers[0]
    name = "authorization" if engine == "openai" else "x-goog-api-key"
    assert headers[name].endswith("secret-key")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=429, headers={"Retry-After": "0"}),
        pytest.param(Fault(status=500), marks=pytest.mark.faults),
        Fault(status=503, body="<html>try later</html>", headers={"Content-Type": "text/html"}),
        Fault(resets=True),
        pytest.param(
            Fault(status=200, body="<html>a portal</html>", headers={"Content-Type": "text/html"}),
            marks=pytest.mark.faults,
        ),
        pytest.param(Fault(status=200, body='{"choices": [{"message'), marks=pytest.mark.faults),
    ],
    ids=["429", "500", "503", "reset", "a page", "broken off"],
)
def test_what_passes_is_tried_again(service: LLMService, engine: str, fault: Fault) -> None:
    service.faults = [fault, fault]

    assert run(engine)[0].engine == engine
    assert len(service.questions) == 3


def test_retry_after_is_kept(service: LLMService, engine: str) -> None:
    service.faults = [Fault(status=429, headers={"Retry-After": "1"})]
    began = time.monotonic()

    run(engine)

    assert time.monotonic() - began >= 1


def test_a_service_that_never_recovers_fails_the_step_and_may_be_asked_later(
    service: LLMService, engine: str
) -> None:
    service.faults = [Fault(status=503)] * 50

    with pytest.raises(EngineFailed) as failed:
        run(engine)

    assert not failed.value.certain
    assert len(service.questions) == llm_requests.MAX_ATTEMPTS


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_will_not_pass_is_told_at_once_without_the_services_words(
    service: LLMService, engine: str, status: int
) -> None:
    service.faults = [Fault(status=status)] * 50

    with pytest.raises(EngineFailed) as failed:
        run(engine)

    assert failed.value.certain
    assert len(service.questions) == 1
    assert "secret" not in str(failed.value)
    assert "book" not in str(failed.value)


def test_a_service_that_hangs_is_given_up(
    service: LLMService, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("openai", "gemini"):
        monkeypatch.setattr(f"fnt_server.engines.{name}.TIMEOUT_S", 0.5)
    service.faults = [Fault(pause_s=3)]

    assert run(engine)[0].engine == engine
    assert len(service.questions) == 2


def test_work_that_is_told_to_stop_does_not_wait_for_an_answer(
    service: LLMService, engine: str, tmp_path: Path
) -> None:
    service.faults = [Fault(pause_s=30)] * 50
    chunk = tmp_path / "chunk.json"
    paragraph = Paragraph(text=SENTENCES[0], page=1, chapter=None)
    chunk.write_text(json.dumps({"paragraphs": [paragraph.to_json()]}))
    stopped_at: list[float] = []

    def keep_going() -> bool:
        if not service.questions:
            return True
        stopped_at.append(time.monotonic())
        return False

    with PipelineProcess(is_sandboxed=False) as process, pytest.raises(Stopped):
        process.shorten(chunk, SETTINGS.replaced(engine=engine), keep_going=keep_going)

    assert time.monotonic() < stopped_at[0] + 10


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([], "empty"),
        (["", " "], "empty"),
        (["Le vieux passeur regardait longtemps la rivière noire avant de parler"], "too long"),
        (ENGLISH, "another language"),
        (["Il regardait."], "words lost"),
        (None, "skipped"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_answer_that_does_not_hold_is_asked_for_again_and_then_cut_by_rules(
    service: LLMService, engine: str, answer: Pieces | None, reason: str
) -> None:
    good = service.rewrite
    service.rewrite = lambda item: answer if item["id"] == 1 else good(item)

    found = run(engine, SENTENCES[:3])

    assert [one.engine for one in found] == [engine, "rules", engine]
    assert found[1].fallback_reason == reason
    assert " ".join(found[1].pieces) == SENTENCES[1]
    assert [len(asked["items"]) for asked in service.questions] == [3, 1]
    assert service.questions[1]["items"][0]["défaut"] == reason


def test_an_answer_is_mended_by_asking_again(service: LLMService, engine: str) -> None:
    good = service.rewrite
    service.rewrite = lambda item: good(item) if "défaut" in item else ["Trop."]

    found = run(engine, SENTENCES[:2])

    assert {(one.engine, one.fallback_reason) for one in found} == {(engine, None)}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "declined"),
        pytest.param("Voici les phrases demandées :", "skipped", marks=pytest.mark.faults),
        ('{"items": [{"id": 0, "sentences": ["Le vieux', "skipped"),
        pytest.param(
            '{"items": [{"id": "0", "sentences": "Le"}, 7]}', "skipped", marks=pytest.mark.faults
        ),
        ("[" * 100_000, "skipped"),
    ],
    ids=["declined", "prose", "cut off", "other types", "deep"],
)
def test_what_is_no_answer_leads_to_rules(
    service: LLMService, engine: str, text: str, reason: str
) -> None:
    service.answers = [text, text]

    assert run(engine) == [replace(run("rules")[0], fallback_reason=reason)]


def test_answers_for_others_and_twice_do_no_harm(service: LLMService, engine: str) -> None:
    items = [
        {"id": 99, "sentences": ["Autre chose."]},
        *({"id": 0, "sentences": eight_at_a_time({"texte": SENTENCES[0]})} for _ in range(2)),
    ]
    service.answers = [json.dumps({"items": items})]

    assert run(engine)[0].engine == engine
    assert len(service.questions) == 1


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        (["Le passeur regardait la rivière noire.", "Puis il parla au vieux marchand."], None),
        (["Le passeur regarda la rivière.", "Un dragon volait sur Babylone enchantée."], "words"),
    ],
)
def test_a_free_rewriting_holds_as_long_as_it_tells_the_same(
    pieces: Pieces, reason: str | None
) -> None:
    source = "Le vieux passeur regardait la rivière noire avant de parler au marchand."

    assert str(find_defect(source, pieces, limit=8)).split()[0] == str(reason)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("rules", None),
        ("gemini", "GEMINI_API_KEY"),
        ("openai", "OPENAI_BASE_URL"),
    ],
)
def test_what_an_engine_lacks_is_told(name: str, lacks: str | None) -> None:
    lack = missing_requirement(name, {})

    assert (lack or "") == "" if lacks is None else lacks in (lack or "")


def test_libraries_are_loaded_when_they_are_used() -> None:
    code = (
        "import sys, fnt_server.engines\n"
        "sys.exit('openai' in sys.modules or 'google.genai' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
