"""The golden files: payloads written by hand from the contract, never by the code under test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def golden_text() -> Callable[[str], str]:
    """Return a function that reads a golden file, line ends as they are."""
    return lambda name: (GOLDEN / name).read_bytes().decode("utf-8")


@pytest.fixture
def golden(golden_text: Callable[[str], str]) -> Callable[[str], Any]:
    """Return a function that reads a golden file as JSON."""
    return lambda name: json.loads(golden_text(name))
