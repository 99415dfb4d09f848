"""The name of the distribution: nothing here installs another program that is called `fnt`."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("is_there", [True, False])
def test_who_installed_a_wheel_is_told_to_add_extras_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    wheel = tmp_path / "my books" / "french_novel_tool-9-py3-none-any.whl"
    wheel.parent.mkdir()
    if is_there:
        wheel.touch()
    records = tmp_path / "site" / "french_novel_tool-9.dist-info"
    records.mkdir(parents=True)
    (records / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {NAME}\nVersion: 9\n")
    (records / "direct_url.json").write_text(json.dumps({"url": wheel.as_uri()}))
    monkeypatch.syspath_prepend(records.parent)

    in_clone = "in a clone of French Novel Tool, run: pip install '.[anki]'"
    assert install_hint("anki") == (f"run: pip install '{wheel}[anki]'" if is_there else in_clone)
