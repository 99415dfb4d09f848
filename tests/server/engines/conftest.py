"""A model's service, and the engines that ask one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fnt_server.engines import llm_requests
from server.llm_service import LLMService


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[LLMService]:
    running = LLMService()
    for name, value in running.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(llm_requests, "FIRST_BACKOFF_S", 0.05)
    yield running
    running.close()


@pytest.fixture(params=["openai", "gemini"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name
