"""SECURITY.md: each promise names tests that hold it, and each of these exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PROMISES = PAGE.split("## What is promised")[1].split("\n## ")[0]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_each_test_that_is_named_exists() -> None:
    absent = []
    for path, name in NAMED.findall(PROMISES):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        if not any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body):
            absent.append(f"{path}::{name}")

    assert absent == []


def test_each_promise_names_a_test() -> None:
    rows = [line for line in PROMISES.splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| promise |")]

    assert len(promises) > 25
    assert [row for row in promises if not NAMED.search(row)] == []
