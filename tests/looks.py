"""What the client's look at a file finds, found once for each content."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import pytest

from fnt.flow.inputs import preflight
from fnt.pdf_look import child_process
from fnt.pdf_look.warm_child import WarmChild

SMALL_BYTES = 100_000
_found: dict[tuple[bytes, str | None], dict[str, Any]] = {}


@pytest.fixture(autouse=True)
def look_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the process that each look at a file starts, where files are the same again and again.

    The looks themselves are tested in `test_preflight.py` and `test_warm_child.py`.
    """
    ask = child_process.ask_child

    def cached(file: BinaryIO, **options: Any) -> dict[str, Any]:
        at = file.tell()
        file.seek(0)
        content = file.read(SMALL_BYTES)
        file.seek(at)
        key = content, os.environ.get("PYTHONPATH")  # where a test has put another pypdf
        if key in _found:
            return _found[key]
        found = ask(file, **options)
        if len(content) < SMALL_BYTES and "not_checked" not in found:
            _found[key] = found
        return found

    def by_warm_child(_: WarmChild, file: BinaryIO, **options: Any) -> dict[str, Any]:
        return cached(file, **options)

    monkeypatch.setattr(child_process, "ask_child", cached)
    monkeypatch.setattr(preflight, "ask_child", cached)
    monkeypatch.setattr(WarmChild, "start", lambda _: None)
    monkeypatch.setattr(WarmChild, "ask", by_warm_child)
