"""The process that asks models: its budgets, and the answers it looks up and hands over."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.results import Sentence
from fnt_server.config.model_requests import ModelRequests
from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.engines.answer_store import NoStore
from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.engine_protocol import EngineFailed
from fnt_server.pipeline.errors import ExtractionCrashed
from fnt_server.pipeline.stored_sentences import read_lines
from fnt_server.sandbox import failures
from fnt_server.sandbox.answers import StepAnswers
from fnt_server.sandbox.channel import Channel
from fnt_server.sandbox.message_reader import MessageReader
from fnt_server.sandbox.messages import (
    AnswersGiven,
    AnswersWanted,
    Described,
    Options,
    Request,
    Work,
)
from fnt_server.sandbox.pipeline_process import ChunkSentences, PipelineProcess
from server.llm_service import Fault, LLMService

SETTINGS = ProcessingSettings().replaced(engine="openai")
SENTENCES = [
    f"Le vieux passeur numéro {number} regardait longtemps la rivière noire avant de parler au "
    "marchand."
    for number in range(6)
]
KEY = "0" * 64


class Store:
    """An AnswerStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, list[str]] = {}
        self.found = 0

    def find(self, keys: Sequence[str]) -> Mapping[str, list[str]]:
        found = {key: self.kept[key] for key in keys if key in self.kept}
        self.found += len(found)
        return found

    def add(self, answers: Mapping[str, list[str]]) -> None:
        self.kept |= answers


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMService]:
    running = LLMService()
    for name, value in running.environ().items():
        monkeypatch.setenv(name, value)
    yield running
    running.close()


@pytest.fixture
def chunk(tmp_path: Path) -> Path:
    path = tmp_path / "chunk.json"
    paragraphs = [Paragraph(text=text, page=1, chapter=None).to_json() for text in SENTENCES]
    path.write_text(json.dumps({"paragraphs": paragraphs}))
    return path


def sentences(done: ChunkSentences) -> list[Sentence]:
    with done.lines as lines:
        return list(read_lines(lines))


def test_a_process_asks_as_it_is_set_and_hands_over_what_it_learns(
    service: LLMService, chunk: Path
) -> None:
    service.delay_s = 0.1
    store = Store()
    models = ModelRequests(in_flight=2, batch_sentences=1)

    with PipelineProcess(is_sandboxed=False, models=models) as process:
        first = sentences(process.shorten(chunk, SETTINGS, answers=store))
        second = sentences(process.shorten(chunk, SETTINGS, answers=store))
        third = sentences(process.shorten(chunk, SETTINGS))

    assert service.most_at_once == 2
    assert len(service.questions) == 2 * len(SENTENCES)
    assert (len(store.kept), store.found) == (len(SENTENCES), len(SENTENCES))
    assert first == second == third
    assert {sentence.engine for sentence in first} == {"openai"}


def test_many_requests_in_flight_fit_into_the_memory_of_a_process(
    service: LLMService, chunk: Path
) -> None:
    service.delay_s = 0.2
    paragraphs = json.loads(chunk.read_text())["paragraphs"]
    for number in range(60):
        paragraphs.append({**paragraphs[0], "text": f"Encore {number} fois, {SENTENCES[0]}"})
    chunk.write_text(json.dumps({"paragraphs": paragraphs}))
    models = ModelRequests(in_flight=32, batch_sentences=1)
    limits = PdfLimits(memory_bytes=2 << 30)

    with PipelineProcess(limits, is_sandboxed=False, models=models) as process:
        found = sentences(process.shorten(chunk, SETTINGS))

    assert service.most_at_once > 16
    assert {sentence.engine for sentence in found} == {"openai"}


@pytest.mark.faults
def test_a_model_that_takes_longer_than_its_budget_is_to_blame_not_the_book(
    service: LLMService, chunk: Path
) -> None:
    store = Store()
    models = ModelRequests(in_flight=1, batch_sentences=2)

    with PipelineProcess(PdfLimits(wall_s=15), is_sandboxed=False, models=models) as process:
        process.start()
        service.refuses = lambda _: bool(service.faults.append(Fault(pause_s=60)))
        with pytest.raises(EngineFailed) as failed:
            process.shorten(chunk, SETTINGS, answers=store)
        service.refuses, service.faults = lambda _: False, []
        found = sentences(process.shorten(chunk, SETTINGS, answers=store))

    assert not failed.value.certain
    assert "model" in str(failed.value)
    assert {sentence.engine for sentence in found} == {"openai"}
    asked = [item["texte"] for question in service.questions for item in question["items"]]
    assert asked.count(SENTENCES[0]) == 1  # answered before the time was over


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_crash_of_what_asks_a_model_is_not_blamed_on_the_book(
    service: LLMService, chunk: Path, number: signal.Signals
) -> None:
    with PipelineProcess(is_sandboxed=False) as process:
        process.start()
        assert process.pid is not None
        crash = partial(os.kill, process.pid, number)
        service.refuses = lambda _: bool(crash())

        with pytest.raises((EngineFailed, ExtractionCrashed)) as failed:
            process.shorten(chunk, SETTINGS)

    said = str(failed.value)
    assert "model" in said
    assert "PDF" not in said
    assert "file" not in said
    if number is signal.SIGKILL:  # by the system, as for want of memory
        assert isinstance(failed.value, ExtractionCrashed)
        assert failed.value.code is JobErrorCode.WORKER_LOST
    else:
        assert isinstance(failed.value, EngineFailed)
        assert not failed.value.certain


def test_what_a_model_process_may_not_say_is_not_blamed_on_the_book(
    service: LLMService, chunk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StepAnswers, "serve", lambda *_: _raise(failures.untrusted()))
    with (
        PipelineProcess(is_sandboxed=False) as process,
        pytest.raises(EngineFailed, match="the model"),
    ):
        process.shorten(chunk, SETTINGS, answers=Store())
    assert service.questions == []


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("output_bytes", [100, 500], ids=["one message", "all of a step"])
def test_a_model_that_answers_more_than_its_budget_is_to_blame_not_the_book(
    service: LLMService, chunk: Path, output_bytes: int
) -> None:
    limits = PdfLimits(output_bytes=output_bytes)

    with PipelineProcess(limits, is_sandboxed=False) as process:
        with pytest.raises(EngineFailed, match="the model"):
            process.shorten(chunk, SETTINGS, answers=Store())
        assert process.pid is None


def serve(
    answers: StepAnswers, channel: Channel, head: AnswersGiven | AnswersWanted, content: object
) -> None:
    answers.serve(channel, head, io.BytesIO(msgspec.json.encode(content)))


@pytest.mark.parametrize(
    "content",
    [{KEY: ["Bonjour."]}, {"../x": ["Bonjour."]}, {KEY: "Bonjour."}, [KEY]],
    ids=["not asked for", "no key", "no pieces", "no answers"],
)
def test_answers_that_were_not_asked_for_are_not_believed(content: object) -> None:
    channel = Channel(Options(limits=PdfLimits(), is_sandboxed=False))
    try:
        answers = StepAnswers(Store(), max_bytes=1000)
        with pytest.raises(ExtractionCrashed):
            serve(answers, channel, AnswersGiven(), content)
        serve(answers, channel, AnswersWanted(), [KEY])
        serve(answers, channel, AnswersGiven(), {KEY: ["Bonjour."]})
    finally:
        channel.kill()


def test_answers_are_bounded() -> None:
    channel = Channel(Options(limits=PdfLimits(), is_sandboxed=False))
    try:
        with pytest.raises(ExtractionCrashed):
            answers = StepAnswers(NoStore(), max_bytes=9)
            serve(answers, channel, AnswersWanted(body_bytes=10), [KEY])
    finally:
        channel.kill()


def test_a_process_whose_parent_keeps_no_answers_asks_for_none(
    service: LLMService, chunk: Path
) -> None:
    channel = Channel(Options(limits=PdfLimits(), is_sandboxed=False))
    try:
        with chunk.open("rb") as file:
            channel.send(Request(work=Work.SHORTEN, settings=SETTINGS.to_wire()), file.fileno())
            blocks = channel.iter_blocks(wall_s=150, keep_going=lambda: True)
            head = MessageReader(blocks, max_body_bytes=1 << 20).read_head()
    finally:
        channel.kill()

    assert not isinstance(head, AnswersWanted | AnswersGiven)
    assert len(service.questions) == 1


def test_messages_that_arrive_in_one_block_or_byte_by_byte_are_told_apart() -> None:
    said = b"".join(
        msgspec.json.encode(head) + b"\n" + body
        for head, body in [
            (AnswersWanted(body_bytes=3), b"a\nb"),
            (Described(missing=[]), b""),
        ]
    )
    for blocks in ([said], [said[k : k + 1] for k in range(len(said))]):
        reader, body = MessageReader(iter(blocks), max_body_bytes=10), io.BytesIO()
        first = reader.read_head()
        reader.copy_body(first, body)
        assert isinstance(first, AnswersWanted)
        assert body.read() == b"a\nb"
        assert isinstance(reader.read_head(), Described)
        assert not reader.has_more
