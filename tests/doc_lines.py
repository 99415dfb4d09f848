"""The commands that README and docs tell people to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = ("fnt ", "fnt-server ")
PLACEHOLDER = re.compile(r"…|\.\.\.|\[|\||\b(?!FNT_|GET\b)[A-Z]{2,}\b|\b[NSU]\b")


def scripts(page: Path) -> list[str]:
    """Return each block that is typed into a shell; of one with a prompt, what stands after it."""
    found = []
    text = page.read_text(encoding="utf-8")
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        if kind == "sh":
            found.append(block)
        elif typed := re.findall(r"^\$ (.*)$", block, re.MULTILINE):
            found.append("\n".join(typed))
    return found


def rows(page: Path) -> list[list[str]]:
    """Return the commands of each row of a table `to | run`, those with placeholders left out."""
    text = page.read_text(encoding="utf-8")
    found = []
    for table in re.findall(r"^\| to \| run \|\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE):
        for row in table.splitlines():
            typed = [words for words in _quoted(row) if not PLACEHOLDER.search(words)]
            found.append([words for words in typed if words.startswith(PROGRAMS)])
    return [row for row in found if row]


def mentions(text: str) -> Iterator[str]:
    """Yield every command line of ours in a text, in code marks or blocks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    for words in [*lines, *_quoted(text)]:
        start = re.search(r"(?:^|[|;(]|&&|\$ )\s*((?:fnt|fnt-server) [a-z-].*)", words)
        if start:
            yield re.split(r" [|>#;] ?|\)", start[1])[0]


def _quoted(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)
