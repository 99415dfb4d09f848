"""The name of the distribution: nothing here installs another program that is called `fnt`."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from fnt.distribution import NAME, install_hint

ROOT = Path(__file__).parents[2]
INSTALLS_A_STRANGERS_PACKAGE = re.compile(
    r"\b(?:pip3?|pipx|uv|uvx)\b[^\n#`]*?(?<![\w./-])['\"]?fnt(?:\[|==|>=|~=|['\"]|[`\s]|$)"
)


def installs(line: str) -> bool:
    """Return whether this line installs `fnt` from the package index."""
    return "install" in line and bool(INSTALLS_A_STRANGERS_PACKAGE.search(line))


@pytest.mark.parametrize(
    "line",
    [
        "pip install fnt",
        "`pip install 'fnt[server]'`",
        "pipx install fnt==0.1",
        'pip install -U "fnt"',
    ],
)
def test_an_install_of_the_strangers_package_is_found(line: str) -> None:
    assert installs(line)


@pytest.mark.parametrize(
    "line",
    ["pip install .", "pip install '.[server]'", "pip install /opt/fnt", "pip install ./fnt"],
)
def test_an_install_from_a_clone_is_none(line: str) -> None:
    assert not installs(line)


def test_no_file_installs_the_strangers_package() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    paths = [ROOT / name for name in listed if name] or [
        path
        for folder in ("cli", "server_stub", "docs")
        for path in (ROOT / folder).rglob("*")
        if "__pycache__" not in path.parts
    ]
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in paths
        if path.is_file() and path != Path(__file__)
        for line in path.read_text("utf-8", errors="replace").splitlines()
        if installs(line) and "uninstall" not in line
    ]
    assert found == []


def test_the_hint_installs_what_pyproject_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["name"] == NAME
    assert "pip install '.[server,postgres]'" in install_hint("server", "postgres")
