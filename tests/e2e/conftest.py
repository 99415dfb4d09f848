"""One real server for the tests that do not harm it; a fresh one for those that do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, running
from e2e.javascript_client import installed

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that all harmless tests share; it ends with them, as even an idle one takes CPU."""
    with running(ServerProcess(tmp_path_factory.mktemp("server") / "data")) as server:
        yield server


@pytest.fixture(scope="session")
def javascript_packages() -> Path:
    """The JavaScript clients of Socket.IO."""
    return installed()


@pytest.fixture(scope="package")
def paced_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose books take long enough to be stopped in the middle."""
    folder = tmp_path_factory.mktemp("paced") / "data"
    with running(ServerProcess(folder, FNT_PACE_MS="200")) as server:
        yield server


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Return a function that starts a server of the test's own, with settings by environment."""
    started: list[ServerProcess] = []

    def make(**environ: str) -> ServerProcess:
        server = ServerProcess(tmp_path / f"data{len(started)}", **environ)
        started.append(server)
        return server.start()

    yield make
    for server in started:
        if server.process:  # one that ended by itself still has an open pipe
            server.stop()


@pytest.fixture
def make_client(
    tmp_path: Path,
) -> Iterator[Callable[[ServerProcess], tuple[ClientHome, RestClient]]]:
    """Return a function that makes a new user of a server, as client command and as plain REST."""
    opened: list[RestClient] = []

    def make(server: ServerProcess) -> tuple[ClientHome, RestClient]:
        number = next(_numbers)
        email = f"user{number}@example.org"
        server.add_user(email)
        home = ClientHome(tmp_path / f"home{number}", server.url).login(email)
        opened.append(RestClient(server.url, email))
        return home, opened[-1]

    yield make
    for rest in opened:
        rest.close()
