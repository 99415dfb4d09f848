"""What a response of a model's service may take, in bytes and in time."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines import bounded_client, get_engine
from fnt_server.engines.bounded_client import MAX_REDIRECTS
from fnt_server.pipeline.engine_protocol import EngineFailed
from server.llm_service import Fault, LLMService

SENTENCE = "Le vieux passeur regardait longtemps la rivière noire avant de parler au gros marchand."


def answered_by(engine: str) -> str:
    """Return what answered for one sentence."""
    [found] = get_engine(engine)([SENTENCE], ProcessingSettings())
    return found.engine


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=200, body=" ", goes_on_for_s=30, drip_s=0.1),
        Fault(status=200, body=" " * (1 << 20), goes_on_for_s=30),
    ],
    ids=["a drip", "a flood"],
)
def test_an_answer_without_end_is_given_up(
    service: LLMService, engine: str, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    if fault.drip_s:
        for name in ("openai", "gemini"):
            monkeypatch.setattr(f"fnt_server.engines.{name}.TIMEOUT_S", 1.0)
    service.faults = [fault]
    began = time.monotonic()

    assert answered_by(engine) == engine
    assert len(service.questions) == 2
    assert time.monotonic() - began < 15


def test_a_packed_answer_is_unpacked_and_bounded(
    service: LLMService, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_client, "MAX_RESPONSE_BYTES", 100_000)
    service.packs = True
    good = service.rewrite
    service.rewrite = lambda item: [" " * 200_000] if len(service.questions) == 1 else good(item)

    assert answered_by(engine) == engine
    assert len(service.questions) == 2


@pytest.mark.parametrize(
    "status",
    [307, *(pytest.param(status, marks=pytest.mark.faults) for status in (301, 302, 303, 308))],
)
def test_a_redirect_elsewhere_gets_neither_the_key_nor_the_book(
    service: LLMService, engine: str, status: int
) -> None:
    with closing(LLMService()) as other:
        service.faults = [Fault(status=status, headers={"Location": f"{other.url}/v1/models"})] * 9

        with pytest.raises(EngineFailed, match="redirects") as failed:
            answered_by(engine)

        assert failed.value.certain
        assert other.headers == []
    assert len(service.questions) == 1
    assert other.url not in str(failed.value)


PATHS = {"openai": "/v2/chat/completions", "gemini": "/v1beta/models/x:generateContent"}


def test_a_redirect_within_the_service_is_followed(service: LLMService, engine: str) -> None:
    service.faults = [Fault(status=307, headers={"Location": PATHS[engine]})]

    assert answered_by(engine) == engine
    assert len(service.questions) == 2


def test_redirects_in_a_circle_end(service: LLMService, engine: str) -> None:
    service.faults = [Fault(status=308, headers={"Location": PATHS[engine]})] * 99

    with pytest.raises(EngineFailed, match="redirects"):
        answered_by(engine)

    assert len(service.questions) == 1 + MAX_REDIRECTS
