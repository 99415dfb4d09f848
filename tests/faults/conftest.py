"""The books of all storms, read once in peace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from e2e.harness import ServerProcess
from faults.books import Book, calm_results, make_books
from faults.history import History


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Book]:
    """What people send."""
    return make_books(tmp_path_factory.mktemp("books"))


@pytest.fixture(scope="session")
def oracle(books: Sequence[Book], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The right results."""
    return calm_results(books, tmp_path_factory.mktemp("oracle"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server to be broken: two slots, quick leases, chunks that take a moment."""
    server = ServerProcess(tmp_path / "data", FNT_LEASE_S="4", FNT_PACE_MS="300", FNT_WORKERS="2")
    server.start()
    yield server
    if server.process:  # one that ended by itself still has an open pipe
        server.stop()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """What will be said of it."""
    history = History(tmp_path / "history.jsonl")
    yield history
    history.close()
