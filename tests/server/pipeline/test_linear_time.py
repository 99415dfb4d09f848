"""Time in proportion to the text: a hostile page must not hold a process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.faults

TESTS = Path(__file__).parents[2]


def look(*what: str) -> dict[str, Any]:
    """Measure in a process of its own, whose processor time is nobody else's."""
    command = [sys.executable, "-m", "growth", *what]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.timeout(600)
def test_every_pattern_that_meets_a_document_is_linear() -> None:
    found = look("patterns")

    assert len(found["looked_at"]) > 40
    assert found["slow"] == {}


def test_every_function_that_meets_a_document_is_linear() -> None:
    assert look("functions")["slow"] == {}


@pytest.mark.parametrize(
    "pattern",
    [
        r"[^\s—–/|]*[^\W_][^\s—–/|]*",
        r"\s+»",
        r"(?:[.!?…]++(?:\s*+[!?…]+)*+)\s+(?=[A-Z])",
        r"[^\W_]*$",
        r"([^\W\d_]+)-",
    ],
)
def test_a_quadratic_pattern_is_found_out(pattern: str) -> None:
    # what else runs may hide it from one look
    assert any(look("pattern", pattern)["slow"] for _ in range(3))
