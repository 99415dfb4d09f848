"""Asks a model about sentences: in batches, several requests at a time, and again about some."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Final

from fnt_server.engines.llm_requests import LLMClient, ask_with_retries
from fnt_server.engines.prompts import (
    RESPONSE_SCHEMA,
    make_instructions,
    make_question,
    parse_response,
)
from fnt_server.engines.request_gate import RequestGate
from fnt_server.engines.validation import find_defect

BATCH_CHARS: Final = 6000
MAX_IN_VAIN: Final = 8
"""Responses in a row that are of no use: after them, nothing is asked again."""

Outcome = list[str] | str
"""What a model made of a sentence, good or not; or why there is nothing."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Sentences of one request, by number; and what was wrong with their first answers."""

    numbers: Sequence[int]
    defects: Mapping[int, str] | None = None
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class _Answers:
    """What came of a question."""

    question: _Question
    pieces: dict[int, list[str]] = field(default_factory=dict)
    """By number, good or not."""
    defects: dict[int, str] = field(default_factory=dict)
    """What is wrong, or why there are no pieces."""


class Questions:
    """The questions about the sentences of one step."""

    def __init__(
        self,
        model: LLMClient,
        sentences: Sequence[str],
        limit: int,
        *,
        in_flight: int,
        batch_sentences: int,
        on_answers: Callable[[Mapping[int, list[str]]], None],
    ) -> None:
        self._model = model
        self._sentences = sentences
        self._limit = limit
        self._in_flight = in_flight
        self._batch_sentences = batch_sentences
        self._on_answers = on_answers
        self._gate = RequestGate(in_flight)
        self._in_vain = 0

    def run(self, numbers: Sequence[int]) -> dict[int, Outcome]:
        """Return the answer to each of these sentences: asked again if it was not good.

        `on_answers` is told of pieces as they come, in this thread. Raises EngineFailed.
        """
        answers: dict[int, Outcome] = {}
        pool = ThreadPoolExecutor(self._in_flight, thread_name_prefix="ask")
        try:
            waiting = {pool.submit(self._ask, one) for one in self._batches(numbers)}
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                # What was answered is kept before a failure ends the step.
                for found in map(Future.result, sorted(done, key=_has_failed)):
                    self._in_vain = 0 if found.pieces else self._in_vain + 1
                    questions = list(_again(found))
                    waiting |= {pool.submit(self._ask, again) for again in questions}
                    open_ = {number for again in questions for number in again.numbers}
                    final = {n: found.pieces[n] for n in found.pieces.keys() - open_}
                    answers |= {n: found.defects[n] for n in found.defects.keys() - open_}
                    answers |= final
                    self._on_answers(final)
        finally:
            self._gate.close()
            self._model.close()
            pool.shutdown(wait=False, cancel_futures=True)
        return answers

    def _batches(self, numbers: Sequence[int]) -> Iterator[_Question]:
        """Yield batches; one of several sentences has at most BATCH_CHARS."""
        batch: list[int] = []
        chars = 0
        for number in numbers:
            size = len(self._sentences[number])
            if batch and (len(batch) == self._batch_sentences or chars + size > BATCH_CHARS):
                yield _Question(batch)
                batch, chars = [], 0
            batch.append(number)
            chars += size
        if batch:
            yield _Question(batch)

    def _ask(self, question: _Question) -> _Answers:
        if question.defects and self._in_vain >= MAX_IN_VAIN:
            return _Answers(replace(question, is_last=True), defects=dict(question.defects))
        instructions = make_instructions(limit=self._limit, again=question.defects is not None)
        text = make_question(self._sentences, question.numbers, defects=question.defects)
        response = ask_with_retries(
            lambda: self._model.ask(instructions, text, RESPONSE_SCHEMA), gate=self._gate
        )
        pieces = parse_response(response)
        answers = _Answers(question)
        for number in question.numbers:
            found = pieces.get(number)
            if found is None:
                answers.defects[number] = "skipped" if response.strip() else "declined"
                continue
            answers.pieces[number] = found
            if defect := find_defect(self._sentences[number], found, limit=self._limit):
                answers.defects[number] = defect
        return answers


def _has_failed(asked: Future[_Answers]) -> bool:
    return asked.exception() is not None


def _again(answers: _Answers) -> Iterator[_Question]:
    """Yield what is to be asked again: wrong answers together, missing ones in smaller batches.

    One sentence that a model declines, or an answer that is cut off, costs a whole batch. Its parts
    tell which: they have as many sentences as there are parts. Those of a part are asked alone.
    """
    if answers.question.is_last:
        return
    wrong = {number: answers.defects[number] for number in answers.pieces.keys() & answers.defects}
    if wrong:
        yield _Question(sorted(wrong), wrong, is_last=True)
    missing = sorted(answers.defects.keys() - wrong)
    size = 1 if answers.question.defects else math.isqrt(len(missing))
    for start in range(0, len(missing), max(1, size)):
        some = missing[start : start + size]
        yield _Question(some, {n: answers.defects[n] for n in some}, is_last=size == 1)
