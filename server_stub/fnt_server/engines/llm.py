"""Engines that ask a language model: validated, retried once; `rules` is the fallback."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines.answer_store import AnswerStore, answer_key
from fnt_server.engines.llm_requests import LLMClient
from fnt_server.engines.piece_quality import measure
from fnt_server.engines.prompts import make_instructions
from fnt_server.engines.questions import Outcome, Questions
from fnt_server.engines.rule_based import shorten_measured
from fnt_server.engines.validation import find_defect, is_overgrown
from fnt_server.pipeline.engine_protocol import Shortened


class LLMEngine:
    """An engine that asks a model, unless it has answered before."""

    def __init__(
        self,
        name: str,
        open_client: Callable[[], LLMClient],
        *,
        model: str,
        in_flight: int,
        batch_sentences: int,
        answers: AnswerStore,
    ) -> None:
        self._name = name
        self._open_client = open_client
        self._model = model
        """What answers, and where: other answers are of no use."""
        self._in_flight = in_flight
        self._batch_sentences = batch_sentences
        self._answers = answers

    def __call__(self, sentences: Sequence[str], settings: ProcessingSettings) -> list[Shortened]:
        """Rewrite sentences; rejected answers fall back to `rules`, with the reason."""
        if not sentences:
            return []
        limit = settings.sentence_length_limit
        instructions = make_instructions(limit=limit)
        keys = [
            answer_key(text, engine=self._name, model=self._model, instructions=instructions)
            for text in sentences
        ]
        numbers = {key: number for number, key in reversed(list(enumerate(keys)))}
        answers: dict[str, Outcome] = {**self._answers.find(list(numbers))}
        if missing := sorted(number for key, number in numbers.items() if key not in answers):
            questions = Questions(
                self._open_client(),
                sentences,
                limit,
                in_flight=self._in_flight,
                batch_sentences=self._batch_sentences,
                on_answers=lambda found: self._keep(
                    {keys[number]: (sentences[number], found[number]) for number in found}
                ),
            )
            answers |= {keys[number]: found for number, found in questions.run(missing).items()}
        return [
            self._shortened(sentence, answers[key], settings)
            for sentence, key in zip(sentences, keys, strict=True)
        ]

    def _keep(self, answers: Mapping[str, tuple[str, list[str]]]) -> None:
        """Keep answers by key, each given with its sentence; good or not, they will be the same."""
        kept = {
            key: pieces
            for key, (sentence, pieces) in answers.items()
            if not is_overgrown(sentence, pieces)
        }
        if kept:
            self._answers.add(kept)

    def _shortened(self, source: str, answer: Outcome, settings: ProcessingSettings) -> Shortened:
        defect = (
            answer
            if isinstance(answer, str)
            else find_defect(source, answer, limit=settings.sentence_length_limit)
        )
        if defect is None and not isinstance(answer, str):
            return Shortened(pieces=answer, engine=self._name, quality=measure(answer))
        pieces, quality = shorten_measured(source, settings)
        return Shortened(pieces=pieces, engine="rules", quality=quality, fallback_reason=defect)
