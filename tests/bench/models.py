"""A chunk by a model whose service takes 200 ms a request: one by one, and as it is done."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from bench.report import Figure, interleaved
from fnt.wire.jobs import ProcessingSettings
from fnt_server.config.model_requests import ModelRequests
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.engines.answer_store import AnswerStore, NoStore
from fnt_server.pipeline.document import Paragraph
from fnt_server.sandbox.pipeline_process import PipelineProcess
from fnt_server.worker.kept_answers import KeptAnswers
from server.llm_service import LLMService
from server.records import claim, make_chunked, make_user

REQUEST_S = 0.2
"""Whatever it holds; a real model takes longer for a batch than for a sentence."""
SETTINGS = ProcessingSettings(engine="openai")
WAYS = {
    "one by one": ModelRequests(in_flight=1, batch_sentences=1),
    "4 requests in flight": ModelRequests(in_flight=4, batch_sentences=1),
    "20 sentences a request": ModelRequests(in_flight=1, batch_sentences=20),
    "both, the default": ModelRequests(),
}
AGAIN = "the same again, from what is kept"


def measure(*, short: bool) -> Iterator[Figure]:
    """Take turns; each way has a process of its own, which has loaded the library before."""
    count, rounds = (40, 1) if short else (100, 3)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        service = stack.enter_context(closing(LLMService()))
        os.environ.update(service.environ())
        chunk = _chunk(Path(folder) / "chunk.json", sentences=count)
        kept = _kept(Path(folder) / "fnt.db", stack)
        ways = {**dict.fromkeys(WAYS, NoStore()), AGAIN: kept}
        runs = {}
        for name, answers in ways.items():
            process = stack.enter_context(
                PipelineProcess(is_sandboxed=False, models=WAYS.get(name))
            )
            runs[name] = lambda p=process, a=answers: _shorten(p, chunk, a)
            runs[name]()
        service.delay_s = REQUEST_S
        medians = interleaved(runs, rounds=rounds)
    slowest = medians.pop("one by one")
    for name, median in medians.items():
        yield Figure(
            name=f"a model at 200 ms, one by one / {name}",
            value=f"{slowest / median:.1f} ({slowest:.2f} / {median:.2f} s)",
            more_is_better=True,
        )


def _shorten(process: PipelineProcess, chunk: Path, answers: AnswerStore) -> None:
    process.shorten(chunk, SETTINGS, answers=answers).lines.close()


def _chunk(path: Path, *, sentences: int) -> Path:
    """Write the input of a chunk whose sentences are all to be asked for."""
    texts = (
        f"Le vieux passeur numéro {number} regardait longtemps la rivière noire avant de parler."
        for number in range(sentences)
    )
    paragraphs = [Paragraph(text=text, page=1, chapter=None).to_json() for text in texts]
    path.write_text(json.dumps({"paragraphs": paragraphs}), encoding="utf-8")
    return path


def _kept(path: Path, stack: ExitStack) -> KeptAnswers:
    """Return what a step of a user may use, in a database of its own."""
    database = Database(f"sqlite:///{path}")
    stack.callback(database.dispose)
    schema.migrate(database)
    make_chunked(database, make_user(database), chunks=1)
    return KeptAnswers(database, claim(database), max_bytes=ModelRequests().user_cache_bytes)
