"""Where the real novels and broken files lie, outside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPUS = Path(os.environ.get("FNT_TEST_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")
SCORE = CORPUS.parent / "tools" / "score.py"

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")
