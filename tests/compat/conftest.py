"""The release under test, the previous one beside it, and what the previous one has left."""

from __future__ import annotations

import json
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from compat.processes import Release

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def current() -> Release:
    """The release under test."""
    return Release(python=Path(sys.executable))


@pytest.fixture(scope="session")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The previous release from its wheel, on the libraries of this environment.

    An environment of its own: children started with `-I` do not look at PYTHONPATH. A path in a
    .pth file brings the libraries, but not the .pth files there, so no editable install.
    """
    folder = tmp_path_factory.mktemp("previous") / "venv"
    venv.EnvBuilder(symlinks=True).create(folder)
    python = folder / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    (wheel,) = FIXTURES.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    release = Release(python=python)
    for name in ("fnt", "fnt_server"):
        assert release.imported_from(name) == packages / name
    return release


@pytest.fixture(scope="session")
def facts() -> dict[str, Any]:
    """What is known of the fixtures."""
    found: dict[str, Any] = json.loads((FIXTURES / "facts.json").read_text())
    return found
