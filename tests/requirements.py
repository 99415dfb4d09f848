"""What some tests need of the machine: skipped where it is absent, failed where it is promised."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """Skip, or fail where every service is promised to be there."""
    if os.environ.get("FNT_REQUIRE_SERVICES") == "1":
        pytest.fail(f"FNT_REQUIRE_SERVICES=1, but {reason}")
    pytest.skip(reason)


def require_tool(name: str) -> str:
    """Return the path of a program; skips or fails the test where there is none."""
    path = shutil.which(name)
    return path or absent(f"there is no {name}")
