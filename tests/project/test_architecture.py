"""`docs/architecture.md` names the packages that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def packages(root: Path) -> set[str]:
    return {path.parent.name for path in root.glob("*/__init__.py")}


@pytest.mark.parametrize("root", ["cli/fnt", "server_stub/fnt_server"])
def test_every_package_has_its_row_and_every_row_its_place(root: str) -> None:
    section = TEXT.split(f"`{root}`")[1].split("\n## ")[0].split("\n### ")[0]
    named = {
        name
        for row in re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }

    assert packages(ROOT / root) <= named
    assert all(
        (ROOT / root / name).is_dir() or (ROOT / root / f"{name}.py").is_file() for name in named
    )


def test_the_glossary_defines_each_word_once() -> None:
    words = re.findall(r"^\| (\w+) \|", TEXT.split("## Glossary")[1], re.MULTILINE)[1:]

    assert len(words) == len(set(words)) == 25
