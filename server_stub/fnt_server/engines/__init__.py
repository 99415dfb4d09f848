"""Engines by name; those that use a language model are imported on first use."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Final

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines.answer_store import AnswerStore, NoStore
from fnt_server.engines.llm_requests import LLMClient
from fnt_server.engines.model_names import (
    gemini_address,
    gemini_model,
    openai_address,
    openai_model,
)
from fnt_server.engines.rule_based import shorten_measured
from fnt_server.pipeline.engine_protocol import Engine, EngineFailed, Shortened

__all__ = ["NAMES", "RULES", "get_engine", "missing_requirement"]

RULES: Final = "rules"
"""The engine that needs neither keys nor a network."""
NAMES: Final = (RULES, "gemini", "openai")


def missing_requirement(name: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return what an engine lacks on this server, as shown to users; None if it is usable."""
    if name == "gemini":
        if not _is_installed("google", "google.genai"):
            return "the extra `gemini` is not installed"
        return None if environ.get("GEMINI_API_KEY") else "GEMINI_API_KEY is not set"
    if name == "openai":
        if not _is_installed("openai"):
            return "the extra `openai` is not installed"
        if not (environ.get("OPENAI_API_KEY") or environ.get("OPENAI_BASE_URL")):
            return "neither OPENAI_API_KEY nor OPENAI_BASE_URL is set"
        return None if environ.get("FNT_OPENAI_MODEL") else "FNT_OPENAI_MODEL is not set"
    return None


def get_engine(
    name: str,
    *,
    in_flight: int = 4,
    batch_sentences: int = 20,
    answers: AnswerStore | None = None,
) -> Engine:
    """Return an engine by name; raises KeyError if unknown, EngineFailed if not usable.

    A model gets up to `in_flight` requests at a time, of up to `batch_sentences` sentences each,
    for what `answers` does not hold.
    """
    if name not in NAMES:
        raise KeyError(name)
    lack = missing_requirement(name)
    if lack is not None:
        raise EngineFailed(f"the engine {name} cannot be used: {lack}", certain=True)
    if name == RULES:
        return rule_based_engine
    from fnt_server.engines.llm import LLMEngine  # noqa: PLC0415 -- only models need it

    if name == "gemini":
        model, open_client = (
            f"{gemini_model(os.environ)} {gemini_address(os.environ)}",
            _open_gemini,
        )
    else:
        model, open_client = (
            f"{openai_model(os.environ)} {openai_address(os.environ)}",
            _open_openai,
        )
    return LLMEngine(
        name,
        open_client,
        model=model,
        in_flight=in_flight,
        batch_sentences=batch_sentences,
        answers=answers or NoStore(),
    )


def rule_based_engine(sentences: Sequence[str], settings: ProcessingSettings) -> list[Shortened]:
    """Split sentences at their joints; never fails."""
    measured = (shorten_measured(text, settings) for text in sentences)
    return [Shortened(pieces=pieces, engine=RULES, quality=quality) for pieces, quality in measured]


def _open_gemini() -> LLMClient:
    from fnt_server.engines.gemini import GeminiClient  # noqa: PLC0415 -- an extra

    return GeminiClient()


def _open_openai() -> LLMClient:
    from fnt_server.engines.openai import OpenAI  # noqa: PLC0415 -- an extra

    return OpenAI()


def _is_installed(*modules: str) -> bool:
    return all(find_spec(module) is not None for module in modules)
