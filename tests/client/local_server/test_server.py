"""The personal server as its clients find, start and stop it; a stand-in takes its place."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from e2e.harness import is_alive, wait_for
from fnt.app import app
from fnt.config.settings import load_settings
from fnt.connection import connect
from fnt.errors import SetupError, TemporaryError
from fnt.local_server import locks
from fnt.local_server.folder import LocalFolder
from fnt.local_server.process import FOLDER_OPTION, ServerProcess, log_tail
from fnt.local_server.server import Endpoint, LocalServer
from world import World

pytestmark = pytest.mark.slow

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[LocalFolder]:
    made = LocalFolder(tmp_path / "fnt" / "local")
    yield made
    local_server(made).stop()


def local_server(folder: LocalFolder, how: str = "99.0.0", **environ: str) -> LocalServer:
    return LocalServer(
        folder,
        environ={**os.environ, "STAND_IN": how, **environ},
        program=(sys.executable, "-S", str(STAND_IN)),
    )


def use(local: LocalServer, *, may_start: bool = True, tell: Any = lambda: None) -> Endpoint:
    with local.using(may_start=may_start, idle_s=5, tell_start=tell) as endpoint:
        return endpoint


def starts(folder: LocalFolder) -> list[int]:
    return [int(line) for line in (folder.path / "starts").read_text().split()]


def begin_and_kill_the_starter(folder: LocalFolder, how: str) -> None:
    script = "import sys; from client.local_server.test_server import *; "
    script += f"use(local_server(LocalFolder(Path({str(folder.path)!r})), {how!r}))"
    environ = {**os.environ, "PYTHONPATH": str(STAND_IN.parents[2])}
    starter = subprocess.Popen([sys.executable, "-c", script], env=environ)
    wait_for(lambda: folder.state() is not None, within_s=20, what="it begins")
    starter.kill()
    starter.wait()


def test_it_is_started_once_and_told_once(folder: LocalFolder) -> None:
    told: list[str] = []

    first = use(local_server(folder), tell=lambda: told.append("started"))
    again = use(local_server(folder), tell=lambda: told.append("again"), may_start=False)

    assert (again, again.token) == (first, "fnt_secret")
    assert (told, len(starts(folder))) == (["started"], 1)
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_many_at_once_start_one(folder: LocalFolder) -> None:
    with ThreadPoolExecutor(5) as pool:
        found = list(pool.map(lambda _: use(local_server(folder)), range(5)))

    assert len(set(found)) == len(starts(folder)) == 1


def test_stop_ends_it_and_lets_go(folder: LocalFolder) -> None:
    local = local_server(folder)
    use(local)
    (pid,) = starts(folder)

    assert local.stop()
    assert not local.stop()
    assert local.running() is None
    wait_for(lambda: not is_alive(pid), within_s=5, what="the server is gone")


@pytest.mark.parametrize("how", ["99.0.0", pytest.param("slow", marks=pytest.mark.faults)])
@pytest.mark.parametrize("damage", ["lost", "cut", "another's"])
def test_stop_ends_one_whose_state_is(folder: LocalFolder, how: str, damage: str) -> None:
    begin_and_kill_the_starter(folder, how)
    (pid,) = starts(folder)
    if damage == "lost":
        folder.state_file.unlink()
    else:
        told = {"pid": os.getpid(), "version": "99.0.0"}
        folder.state_file.write_text("{" if damage == "cut" else json.dumps(told))
    began_at = time.monotonic()

    assert local_server(folder).stop()

    assert not is_alive(pid)
    assert time.monotonic() - began_at < 3


def test_the_server_of_a_folder_with_a_longer_name_is_another(folder: LocalFolder) -> None:
    wait = "import sys; print(flush=True); sys.stdin.read()"
    words = [FOLDER_OPTION, f"{folder.path}-2", "--idle-timeout", "9"]
    pipe = subprocess.PIPE
    other = subprocess.Popen([sys.executable, "-c", wait, *words], stdin=pipe, stdout=pipe)
    try:
        assert other.stdout and other.stdout.readline()
        with pytest.raises(ProcessLookupError):
            ServerProcess(other.pid, folder).close()
    finally:
        other.communicate()


def test_a_killed_one_is_started_again(folder: LocalFolder) -> None:
    use(local_server(folder))
    os.kill(starts(folder)[0], signal.SIGKILL)
    wait_for(lambda: local_server(folder).running() is None, within_s=5, what="it is gone")

    use(local_server(folder))

    assert len(starts(folder)) == 2


def test_what_a_killed_one_told_means_nothing(folder: LocalFolder) -> None:
    """The number of its process may be another's by now."""
    folder.prepare()
    with subprocess.Popen(["sleep", "60"]) as innocent:
        state = {"pid": innocent.pid, "version": "99.0.0", "url": "http://127.0.0.1:9"}
        folder.state_file.write_text(json.dumps(state))
        folder.state_file.chmod(0o600)

        assert not local_server(folder).stop()
        use(local_server(folder))
        local_server(folder).stop()

        assert innocent.poll() is None
        with pytest.raises(ProcessLookupError):
            ServerProcess(innocent.pid, folder)
        innocent.kill()


def test_an_older_one_is_replaced(folder: LocalFolder) -> None:
    use(local_server(folder, "0.0.9"))

    use(local_server(folder, "99.0.0"))
    use(local_server(folder, "99.0.0"))

    assert len(starts(folder)) == 2


def test_without_a_terminal_an_older_one_serves(folder: LocalFolder) -> None:
    use(local_server(folder, "0.0.9"))

    use(local_server(folder), may_start=False)

    assert len(starts(folder)) == 1


def test_without_a_terminal_nothing_is_started(folder: LocalFolder) -> None:
    with pytest.raises(TemporaryError, match="not running"):
        use(local_server(folder), may_start=False)

    assert not (folder.path / "starts").exists()


def test_one_that_dies_tells_why(folder: LocalFolder) -> None:
    local = local_server(folder, "dies")

    with pytest.raises(
        SetupError, match=r"did not start: cannot use the database: its file is"
    ) as e:
        use(local)

    assert "fnt local logs" in (e.value.hint or "")
    assert log_tail(folder)[0] == "INFO something"
    assert local.running() is None


def test_an_interrupted_start_leaves_nothing(folder: LocalFolder) -> None:
    def interrupt() -> None:
        wait_for(lambda: folder.state() is not None, within_s=20, what="it begins")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        use(local_server(folder, "slow"))

    wait_for(lambda: local_server(folder).running() is None, within_s=5, what="nothing runs")


def test_one_whose_starter_was_killed_is_stopped(folder: LocalFolder) -> None:
    begin_and_kill_the_starter(folder, "slow")

    assert local_server(folder).running() is not None
    assert local_server(folder).stop()


def test_an_idle_one_that_ends_is_waited_for(folder: LocalFolder) -> None:
    """It has locked `in-use.lock`; whoever comes then gets the next one."""
    use(local_server(folder))
    ending = locks.try_lock(folder.in_use_lock)
    assert ending is not None

    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(use, local_server(folder))
        local_server(folder).stop()
        os.close(ending)

        assert second.result(20)
    assert len(starts(folder)) == 2


def test_in_use_it_cannot_end(folder: LocalFolder) -> None:
    with local_server(folder).using(may_start=True, idle_s=5, tell_start=lambda: None):
        assert locks.try_lock(folder.in_use_lock) is None


def test_killed_while_a_command_needs_it_it_is_started_again(folder: LocalFolder) -> None:
    with local_server(folder).using(may_start=True, idle_s=5, tell_start=lambda: None):
        os.kill(starts(folder)[0], signal.SIGKILL)

        wait_for(lambda: len(starts(folder)) == 2, within_s=20, what="it is started again")


def test_whoever_takes_the_port_of_a_killed_one_gets_no_token(folder: LocalFolder) -> None:
    found = use(local_server(folder))
    settings = load_settings(flags={}, environ={}, cwd=folder.path, config_dir=folder.path)
    settings = replace(settings, server=found.url, token="t", local_token=found.token_file)
    with closing(connect(settings).api) as api:
        os.kill(starts(folder)[0], signal.SIGKILL)
        wait_for(lambda: not is_running(folder), within_s=20, what="it is gone")
        with socket.create_server(("127.0.0.1", int(found.url.rpartition(":")[2]))) as thief:
            thief.setblocking(False)

            with pytest.raises(TemporaryError, match="has stopped"):
                api.probe_health()

            with pytest.raises(BlockingIOError):
                thief.accept()


def is_running(folder: LocalFolder) -> bool:
    return local_server(folder).running() is not None


def test_stopped_while_a_command_needs_it_it_stays_so(folder: LocalFolder) -> None:
    local = local_server(folder)
    with local.using(may_start=True, idle_s=5, tell_start=lambda: None):
        local.stop()
        watches = [one for one in threading.enumerate() if one.name == "local server watch"]
        for watch in watches:
            watch.join(20)

    assert watches
    assert len(starts(folder)) == 1


def test_who_stops_it_is_told_of_a_command_that_needs_it(folder: LocalFolder) -> None:
    local, world = local_server(folder), World()
    stop = partial(
        CliRunner().invoke,
        app,
        ["local", "stop"],
        obj=replace(world.context(), find_local=lambda: local),
    )
    with local.using(may_start=True, idle_s=5, tell_start=lambda: None):
        stop()
        assert world.err.startswith("personal server stopped\n  a command is still waiting for it")

    said = len(world.err)
    use(local)
    stop()
    stop()
    assert world.err[said:] == "personal server stopped\npersonal server was not running\n"


def test_settings_of_another_server_and_secrets_do_not_reach_it(folder: LocalFolder) -> None:
    given = {"FNT_TOKEN": "x", "FNT_DATA_DIR": "/x", "DATABASE_URL": "x", "FNT_WORKERS": "1"}
    use(local_server(folder, **given))

    names = set((folder.path / "environment").read_text().split())
    assert names & set(given) == {"FNT_WORKERS"}


def test_the_log_of_the_start_before_is_kept(folder: LocalFolder) -> None:
    folder.prepare()
    folder.log.write_text("earlier")

    use(local_server(folder))

    assert folder.earlier_log.read_text() == "earlier"
    assert folder.log.stat().st_mode & 0o777 == 0o600
