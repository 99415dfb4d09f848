"""Cache of model answers, so that a sentence is requested only once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Protocol


class AnswerStore(Protocol):
    """Keeps the pieces of sentences by `answer_key`, for one user."""

    def find(self, keys: Sequence[str]) -> Mapping[str, list[str]]:
        """Return the cached answers for these keys."""
        ...

    def add(self, answers: Mapping[str, list[str]]) -> None:
        """Keep answers."""
        ...


class NoStore:
    """Keeps nothing."""

    def find(self, keys: Sequence[str]) -> Mapping[str, list[str]]:  # noqa: ARG002
        """Return nothing."""
        return {}

    def add(self, answers: Mapping[str, list[str]]) -> None:
        """Keep nothing."""


def answer_key(sentence: str, *, engine: str, model: str, instructions: str) -> str:
    """Return the SHA-256, in hex, of a sentence and all that decides how it is answered.

    The instructions hold the settings that matter, and change with the program. What stands before
    the sentence is only context: it is not part of the key.
    """
    content = json.dumps([engine, model, instructions, sentence])
    return hashlib.sha256(content.encode()).hexdigest()
