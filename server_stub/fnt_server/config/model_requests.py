"""How language models are asked: requests in flight, sentences per request, answers kept."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequests:
    """What holds for each worker slot, and how much is kept of what models answered."""

    in_flight: int = number("FNT_MODEL_REQUESTS", 4, 1, 32)
    """Requests at a time, per slot."""
    batch_sentences: int = number("FNT_MODEL_BATCH", 20, 1, 100)
    """Sentences per request."""
    user_cache_bytes: int = number("FNT_MODEL_CACHE_MB", 100, 0, 100_000, unit=1024 * 1024)
    """Answers kept in the database for one user; 0: none."""
