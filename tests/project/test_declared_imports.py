"""What our sources import is required by name, not because something else requires it."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURS = {"fnt", "fnt_server"}


def imported(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each file with the top-level package of somebody else's that it imports."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            for module in modules:
                name = module.partition(".")[0]
                if name not in OURS and name not in sys.stdlib_module_names:
                    yield str(path.relative_to(ROOT)), name


def required() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    return {canonicalize_name(Requirement(line).name) for lines in groups for line in lines}


@pytest.mark.parametrize("folder", ["cli/fnt", "server_stub/fnt_server"])
def test_what_is_imported_is_required_by_name(folder: str) -> None:
    names, distributions = required(), packages_distributions()
    missing = {
        f"{path}: {name}"
        for path, name in imported(ROOT / folder)
        if not names & {canonicalize_name(found) for found in distributions.get(name, [name])}
    }

    assert missing == set()
