"""How models are asked: requests in flight, batches, and what was answered before."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines import get_engine, llm_requests
from fnt_server.engines.questions import MAX_IN_VAIN
from fnt_server.engines.request_gate import ANSWERS_TO_SPEED_UP, RequestGate
from fnt_server.pipeline.engine_protocol import EngineFailed, Shortened
from server.llm_service import Fault, LLMService, Pieces, eight_at_a_time

SETTINGS = ProcessingSettings()
SENTENCES = [
    f"Le vieux passeur numéro {number} regardait longtemps la rivière noire avant de parler au "
    "marchand."
    for number in range(12)
]


class Store:
    """An AnswerStore in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Pieces] = {}

    def find(self, keys: Sequence[str]) -> Mapping[str, Pieces]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def add(self, answers: Mapping[str, Pieces]) -> None:
        self.kept |= answers


@pytest.fixture
def store() -> Store:
    return Store()


def ask(
    sentences: Sequence[str] = SENTENCES,
    *,
    settings: ProcessingSettings = SETTINGS,
    engine: str = "openai",
    in_flight: int = 4,
    batch: int = 20,
    store: Store | None = None,
) -> list[Shortened]:
    wanted = get_engine(engine, in_flight=in_flight, batch_sentences=batch, answers=store)
    return wanted(sentences, settings)


def sizes(service: LLMService) -> list[int]:
    return [len(asked["items"]) for asked in service.questions]


@pytest.mark.parametrize("in_flight", [1, 3])
def test_as_many_requests_are_in_flight_as_are_set(service: LLMService, in_flight: int) -> None:
    service.delay_s = 0.1

    found = ask(in_flight=in_flight, batch=2)

    assert service.most_at_once == in_flight
    assert sizes(service) == [2] * 6
    assert [" ".join(one.pieces) for one in found] == SENTENCES


def test_when_to_come_back_holds_for_every_request_in_flight(service: LLMService) -> None:
    service.delay_s = 0.02
    service.faults = [Fault(status=429, headers={"Retry-After": "1"})]

    ask(batch=1)

    assert len(service.questions) == len(SENTENCES) + 1
    gaps = [later - sooner for sooner, later in pairwise(service.asked_at)]
    assert max(gaps) > 0.9
    assert gaps.index(max(gaps)) < 4  # only what was in flight already was asked meanwhile


def test_a_service_that_is_busy_gets_fewer_requests_and_more_again_as_it_answers() -> None:
    gate = RequestGate(4)

    allowed = [gate.allowed]
    for _ in range(3):
        gate.slow_down()
        allowed.append(gate.allowed)
    for _ in range(ANSWERS_TO_SPEED_UP * 5):
        gate.speed_up()

    assert allowed == [4, 2, 1, 1]
    assert gate.allowed == 4


def test_a_sentence_that_a_model_declines_does_not_cost_its_batch(service: LLMService) -> None:
    service.refuses = lambda items: any("numéro 7 " in item["texte"] for item in items)

    found = ask()

    assert sorted(sizes(service)) == [1, 1, 1, 3, 3, 3, 3, 12]
    assert [one.fallback_reason for one in found if one.engine == "rules"] == ["declined"]
    assert found[7].engine == "rules"


def test_a_batch_whose_answer_is_cut_off_is_asked_one_by_one(service: LLMService) -> None:
    service.answers = ['{"items": [{"id": 0, "sentences": ["Le vieux']

    found = ask(SENTENCES[:3])

    assert sizes(service) == [3, 1, 1, 1]
    assert {one.engine for one in found} == {"openai"}


@pytest.mark.parametrize("response", ["no JSON", '{"items": []}', "{}"])
def test_a_service_whose_answers_are_of_no_use_is_asked_little_more(
    service: LLMService, response: str
) -> None:
    service.answers = [response] * 1000
    batches, in_flight = 10, 4

    found = ask([f"{number} {SENTENCES[0]}" for number in range(20 * batches)])

    assert {(one.engine, one.fallback_reason) for one in found} == {("rules", "skipped")}
    assert len(service.questions) <= batches + MAX_IN_VAIN + in_flight


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (eight_at_a_time({"texte": SENTENCES[0]}) * 30, "words added"),
        ([*eight_at_a_time({"texte": SENTENCES[0]}), "a" * 1_000_000], "words added"),
        (["Le vieux passeur \ud800."], "skipped"),
    ],
    ids=["repeated", "one huge word", "half a character"],
)
def test_a_hostile_answer_is_bounded(service: LLMService, answer: Pieces, reason: str) -> None:
    service.rewrite = lambda _: answer

    [found] = ask(SENTENCES[:1])

    assert (found.engine, found.fallback_reason) == ("rules", reason)


def test_what_was_answered_is_not_asked_again(service: LLMService, store: Store) -> None:
    first = ask(store=store)
    asked = len(service.questions)

    assert ask(store=store) == first
    assert len(service.questions) == asked
    assert [one.engine for one in first] == ["openai"] * len(SENTENCES)


def test_a_sentence_that_stands_twice_is_asked_once(service: LLMService, store: Store) -> None:
    found = ask([*SENTENCES[:2], SENTENCES[0]], store=store)

    assert sizes(service) == [2]
    assert found[2] == found[0]


def test_an_answer_that_was_rejected_twice_is_not_asked_for_again(
    service: LLMService, store: Store
) -> None:
    service.rewrite = lambda item: (
        ["Trop court."] if "numéro 1 " in item["texte"] else eight_at_a_time(item)
    )

    first = ask(SENTENCES[:3], store=store)

    assert sizes(service) == [3, 1]
    assert ask(SENTENCES[:3], store=store) == first
    assert sizes(service) == [3, 1]
    assert [one.fallback_reason for one in first] == [None, "words lost", None]


@pytest.mark.parametrize(
    "answer", [None, ["a" * 1_000_000]], ids=["left out", "too long to be kept"]
)
def test_what_is_no_answer_is_asked_for_again(
    service: LLMService, store: Store, answer: Pieces | None
) -> None:
    service.rewrite = lambda _: answer
    ask(SENTENCES[:2], store=store)
    assert store.kept == {}
    service.rewrite = eight_at_a_time

    assert {one.engine for one in ask(SENTENCES[:2], store=store)} == {"openai"}


def test_a_kept_answer_is_validated_as_a_new_one(service: LLMService, store: Store) -> None:
    ask(SENTENCES[:1], store=store)
    store.kept = {key: ["Un dragon volait sur Babylone enchantée."] for key in store.kept}

    [found] = ask(SENTENCES[:1], store=store)

    assert (found.engine, found.fallback_reason) == ("rules", "words lost")
    assert sizes(service) == [1]


@pytest.mark.parametrize("change", ["limit", "engine", "model", "address"])
def test_another_limit_engine_or_model_is_asked(
    service: LLMService, store: Store, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ask(SENTENCES[:1], store=store)
    if change == "model":
        monkeypatch.setenv("FNT_OPENAI_MODEL", "large")
    if change == "address":
        monkeypatch.setenv("OPENAI_BASE_URL", f"{service.url}/v2")

    ask(
        SENTENCES[:1],
        settings=SETTINGS.replaced(sentence_length_limit=9 if change == "limit" else 8),
        engine="gemini" if change == "engine" else "openai",
        store=store,
    )

    assert sizes(service) == [1, 1]
    assert len(store.kept) == 2


def test_what_was_answered_before_a_failure_is_kept(service: LLMService, store: Store) -> None:
    service.refuses = lambda _: bool(service.faults.append(Fault(status=401)))

    with pytest.raises(EngineFailed):
        ask(in_flight=1, batch=4, store=store)

    assert len(store.kept) == 4


def test_what_was_answered_at_the_moment_of_a_failure_is_kept(service: LLMService) -> None:
    class SlowStore(Store):
        """Takes so long to keep the first answer that all others have come meanwhile."""

        def add(self, answers: Mapping[str, Pieces]) -> None:
            if not self.kept:
                time.sleep(2)
            super().add(answers)

    store = SlowStore()
    service.faults = [Fault(status=401, pause_s=1)]

    with pytest.raises(EngineFailed):
        ask(in_flight=12, batch=1, store=store)

    assert len(store.kept) == len(SENTENCES) - 1


def test_a_service_that_says_come_back_at_once_is_not_asked_at_once(
    service: LLMService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llm_requests, "FIRST_BACKOFF_S", 0.2)
    monkeypatch.setattr("random.uniform", lambda _, most: most)
    service.faults = [Fault(status=429, headers={"Retry-After": "0"})] * 2

    ask(SENTENCES[:1])

    gaps = [later - sooner for sooner, later in pairwise(service.asked_at)]
    assert gaps[0] >= 0.2
    assert gaps[1] >= 0.4


def test_where_all_is_known_no_library_is_loaded(service: LLMService) -> None:
    code = (
        "import sys\n"
        "from fnt.wire.jobs import ProcessingSettings\n"
        "from fnt_server.engines import get_engine\n"
        "class Store:\n"
        "    def find(self, keys): return {key: ['Le vent tomba.'] for key in keys}\n"
        f"get_engine('openai', answers=Store())([{SENTENCES[0]!r}], ProcessingSettings())\n"
        "sys.exit('openai' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert service.questions == []
