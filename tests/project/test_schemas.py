"""The schemas in docs are those of the structs."""

from __future__ import annotations

import pytest

from schema_files import SCHEMAS, text_of
from schemas import FOLDER


@pytest.mark.parametrize("name", [path.name for path in FOLDER.glob("*")])
def test_schema_is_current(name: str) -> None:
    """Made by `make schemas`."""
    assert (FOLDER / name).read_text(encoding="utf-8") == text_of(SCHEMAS[name]())
