"""Read the models and their addresses from the environment, without importing their libraries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DEFAULT_GEMINI_MODEL: Final = "gemini-2.5-flash"


def gemini_model(environ: Mapping[str, str]) -> str:
    """Return the model's name."""
    return environ.get("FNT_GEMINI_MODEL") or DEFAULT_GEMINI_MODEL


def gemini_address(environ: Mapping[str, str]) -> str | None:
    """Return the address of the service; None for the provider's own."""
    return environ.get("GOOGLE_GEMINI_BASE_URL") or None


def openai_model(environ: Mapping[str, str]) -> str:
    """Return the model's name, which must be set."""
    return environ["FNT_OPENAI_MODEL"]


def openai_address(environ: Mapping[str, str]) -> str | None:
    """Return the address of the service; None for the provider's own."""
    return environ.get("OPENAI_BASE_URL") or None
