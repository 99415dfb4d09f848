"""A clean world for every test: no settings of the machine, no network beyond it."""

from __future__ import annotations

import gc
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
from hypothesis import HealthCheck, settings

KEPT = ("FNT_TEST_", "FNT_REQUIRE_")
TERMINAL_NAMES = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM", "CI", "GITHUB_ACTIONS")

# Hundreds of Python processes are started: each module is to be compiled once, not in all of them.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How fast a busy machine makes examples says nothing about the program.
settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy machine")


def pytest_collection_finish() -> None:
    """Leave what stays until the end out of garbage collection: thousands of tests, all modules."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Take SIGINT as a terminal's process does: `nohup` and some CI start us with it ignored.

    An ignored signal is inherited by every process the tests start; a handler is not.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def shared_certificates() -> Iterator[None]:
    """Read the certificates of httpx once, not for each of thousands of clients: 20 ms.

    Other contexts are not shared: their owners add certificates to them.
    """
    make_context = ssl.create_default_context
    of_httpx = make_context(cafile=certifi.where())

    def make(*args: Any, **options: Any) -> ssl.SSLContext:
        is_of_httpx = options == {"cafile": certifi.where()} and not args
        return of_httpx if is_of_httpx else make_context(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", make)
        yield


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take away what the machine's user has set; the home is empty."""
    for name in list(os.environ):
        if (name.startswith("FNT_") and not name.startswith(KEPT)) or name in TERMINAL_NAMES:
            monkeypatch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections that leave this machine."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if host not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"a test wants to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)
