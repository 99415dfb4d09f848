"""Engines that ask a language model: batched, validated, retried once; `rules` is the fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from threading import Event
from typing import Final

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines.llm_requests import LLMClient, ask_with_retries
from fnt_server.engines.prompts import (
    RESPONSE_SCHEMA,
    make_instructions,
    make_question,
    parse_response,
)
from fnt_server.engines.rule_based import shorten
from fnt_server.engines.validation import find_defect
from fnt_server.pipeline.engine_protocol import Shortened

BATCH_SENTENCES: Final = 20
"""Sentences per request: they share the instructions, and the response is not cut off."""
BATCH_CHARS: Final = 6000
MAX_CONCURRENT: Final = 4
"""Concurrent requests per worker slot."""


class LLMEngine:
    """An engine that asks a model."""

    def __init__(self, name: str, open_client: Callable[[], LLMClient]) -> None:
        self._name = name
        self._open_client = open_client

    def __call__(self, sentences: Sequence[str], settings: ProcessingSettings) -> list[Shortened]:
        """Rewrite sentences; rejected answers fall back to `rules`, with the reason."""
        if not sentences:
            return []
        model = self._open_client()
        work = _Batches(model, sentences, settings.sentence_length_limit)
        pool = ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="ask")
        try:
            asked = [pool.submit(work.answer, batch) for batch in batches(sentences)]
            answers = {
                number: one for done in as_completed(asked) for number, one in done.result().items()
            }
        finally:
            work.ended.set()
            model.close()
            pool.shutdown(wait=False, cancel_futures=True)
        return [
            self._shortened(sentences[number], answers[number], settings)
            for number in range(len(sentences))
        ]

    def _shortened(
        self, source: str, answer: list[str] | str, settings: ProcessingSettings
    ) -> Shortened:
        if isinstance(answer, list):
            return Shortened(pieces=answer, engine=self._name)
        return Shortened(pieces=shorten(source, settings), engine="rules", fallback_reason=answer)


class _Batches:
    """State shared by the requesting threads."""

    def __init__(self, model: LLMClient, sentences: Sequence[str], limit: int) -> None:
        self._model = model
        self._sentences = sentences
        self._limit = limit
        self.ended = Event()

    def answer(self, numbers: Sequence[int]) -> dict[int, list[str] | str]:
        """Return for each sentence its pieces or, after a second try, what is wrong with them."""
        good, defects = self._ask(numbers, None)
        if defects:
            repaired, defects = self._ask(list(defects), defects)
            good |= repaired
        return {**good, **defects}

    def _ask(
        self, numbers: Sequence[int], defects: Mapping[int, str] | None
    ) -> tuple[dict[int, list[str]], dict[int, str]]:
        instructions = make_instructions(limit=self._limit, again=defects is not None)
        question = make_question(self._sentences, numbers, defects=defects)
        answer = ask_with_retries(
            lambda: self._model.ask(instructions, question, RESPONSE_SCHEMA),
            ended=self.ended,
        )
        pieces = parse_response(answer)
        absent = "skipped" if answer.strip() else "declined"
        good: dict[int, list[str]] = {}
        bad: dict[int, str] = {}
        for number in numbers:
            found = pieces.get(number)
            reason = (
                absent
                if found is None
                else find_defect(self._sentences[number], found, limit=self._limit)
            )
            if found is None or reason:
                bad[number] = reason or absent
            else:
                good[number] = found
        return good, bad


def batches(sentences: Sequence[str]) -> Iterator[list[int]]:
    """Yield batches of at most BATCH_SENTENCES and, unless it is one sentence, BATCH_CHARS."""
    batch: list[int] = []
    chars = 0
    for number, sentence in enumerate(sentences):
        if batch and (len(batch) == BATCH_SENTENCES or chars + len(sentence) > BATCH_CHARS):
            yield batch
            batch, chars = [], 0
        batch.append(number)
        chars += len(sentence)
    if batch:
        yield batch
