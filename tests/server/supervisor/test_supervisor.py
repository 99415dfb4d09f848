"""`fnt-server run` on a damaged data folder."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from e2e import programs
from e2e.harness import ServerProcess, clean_environ, wait_for
from fnt import __version__
from fnt_server.supervisor.embedded_broker import remove_socket, socket_path


@pytest.fixture(scope="module")
def begun_anew(tmp_path_factory: pytest.TempPathFactory) -> ServerProcess:
    """A server that found its broker's files broken, and was stopped."""
    folder = tmp_path_factory.mktemp("broken")
    kept = folder / "broker" / "appendonlydir"
    kept.mkdir(parents=True)
    (kept / "appendonly.aof.manifest").write_text("noise\n")
    server = ServerProcess(folder, FNT_WORKERS="3", FNT_MAX_SOCKETS="50").start()
    server.wait_until_well()
    assert server.stop() == 0
    return server


def test_a_broker_whose_files_are_broken_begins_anew(begun_anew: ServerProcess) -> None:
    """The database is the source of truth: the broker's data is not needed."""
    folder = begun_anew.data_dir

    told = begun_anew.log.read_text()
    assert told.count("moved broker to broker.broken, see broker.log") == 1
    assert (folder / "broker.broken" / "appendonlydir").is_dir()
    assert "manifest" in (folder / "broker.log").read_text()


@pytest.mark.faults
@pytest.mark.parametrize("name", ["data", "d" * 120, "100%2F?#"])
def test_a_broker_whose_socket_was_removed_is_restarted(name: str, tmp_path: Path) -> None:
    """As cleaners of temporary folders do; before, jobs waited forever."""
    server = ServerProcess(tmp_path / name).start()
    path = server.broker_socket()

    path.unlink()
    wait_for(path.exists, within_s=40, what="a new socket")

    assert server.stop() == 0
    assert not path.exists()


def test_the_socket_is_in_the_data_folder_where_that_can_be(tmp_path: Path) -> None:
    plain, long = tmp_path / "a", tmp_path / ("b" * 120)
    for folder in (plain, long):
        folder.mkdir()

    assert socket_path(plain) == plain / "broker.sock"
    assert not socket_path(long).is_relative_to(long)
    remove_socket(socket_path(long))


@pytest.mark.parametrize(
    ("url", "environ", "reason"),
    [
        ("file:///dev/null/files", {}, "cannot write to /dev/null/files (Not a directory)"),
        ("ftp://x/y", {}, "unknown kind of storage: start it with file://"),
        ("s3://b/x", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "cannot write to FNT_STORAGE_URL"),
    ],
)
def test_a_storage_that_cannot_be_written_to_is_one_line(
    tmp_path: Path, url: str, environ: dict[str, str], reason: str
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_ALLOW_HTTP": "true"}
    ended = programs.run(
        "fnt_server", "run", "--port", "0", "--data-dir", str(tmp_path),
        env=clean_environ(FNT_STORAGE_URL=url, **keys, **environ), timeout_s=40,
    )  # fmt: skip

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("fnt-server: ")
    assert reason in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert "hunter2" not in ended.stderr


def test_web_and_worker_log_what_they_are_when_they_start(begun_anew: ServerProcess) -> None:
    log = begun_anew.log.read_text()
    address = f"127.0.0.1:{begun_anew.port}"
    assert f"web started: version {__version__}, listening on {address}, threads" in log
    assert "up to 50 sockets" in log
    assert re.search(
        rf"worker \w+ started: version {re.escape(__version__)}, 3 slots; database sqlite://", log
    )


@pytest.mark.parametrize(
    ("command", "host"),
    [("run", "256.1.1.1"), ("run", "a" * 300), ("run", "127.0.0.1:80"), ("run", "a\nb"),
     ("web", "a..b"), ("web", "[::1]"), ("web", "1.2.3.4")],
)  # fmt: skip
def test_a_host_that_is_not_of_this_machine_is_one_line(
    tmp_path: Path, command: str, host: str
) -> None:
    environ = clean_environ(FNT_HOST=host, FNT_DATA_DIR=str(tmp_path), FNT_PORT="0")
    if command == "web":
        environ["FNT_BROKER_URL"] = "redis://127.0.0.1:1/0"
        assert programs.run("fnt_server", "migrate", env=environ, timeout_s=40).returncode == 0
    ended = programs.run("fnt_server", command, env=environ, timeout_s=40)

    assert ended.returncode == 2
    assert ended.stderr.startswith("fnt-server: cannot listen on '")
    assert "correct FNT_HOST or --host" in ended.stderr
    assert "unknown error" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "web", "worker"])
def test_a_port_in_use_is_one_line(tmp_path: Path, command: str) -> None:
    """Before, `web` logged ten lines of its library and ended with 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        setting = "FNT_METRICS_PORT" if command == "worker" else "FNT_PORT"
        environ = clean_environ(FNT_DATA_DIR=str(tmp_path), **{setting: str(port)})
        if command != "run":
            environ["FNT_BROKER_URL"] = "redis://127.0.0.1:1/0"
            assert programs.run("fnt_server", "migrate", env=environ, timeout_s=40).returncode == 0
        ended = programs.run("fnt_server", command, env=environ, timeout_s=40)

    hint = "another FNT_METRICS_PORT" if command == "worker" else "another port with --port"
    assert ended.returncode == 2
    assert ended.stderr == (
        f"fnt-server: cannot listen on 127.0.0.1:{port} (address already in use): choose {hint}\n"
    )


@pytest.mark.parametrize(
    ("command", "setting"), [("run", "FNT_EVENTS_URL"), ("worker", "FNT_BROKER_URL")]
)
def test_a_broker_url_with_a_wrong_option_is_one_line(
    tmp_path: Path, command: str, setting: str
) -> None:
    """Before, `web` tried its subscription again 10 000 times a second."""
    urls = {"FNT_BROKER_URL": "redis://127.0.0.1:1/0", setting: "redis://127.0.0.1:1/0?foo=bar"}
    environ = clean_environ(FNT_DATA_DIR=str(tmp_path), FNT_PORT="0", **urls)
    ended = programs.run("fnt_server", command, env=environ, timeout_s=40)

    assert ended.returncode == 2
    assert ended.stderr == f"fnt-server: {setting} has an option that is not valid\n"


@pytest.mark.parametrize(
    ("before", "ends"),
    [(signal.SIG_IGN, False), pytest.param(signal.SIG_DFL, True, marks=pytest.mark.faults)],
)
def test_a_closed_terminal_stops_it_unless_under_nohup(
    tmp_path: Path, before: signal.Handlers, ends: bool
) -> None:
    with programs.start(
        "fnt_server", "run", "--port", "0", "--data-dir", str(tmp_path),
        env=clean_environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, before),
    ) as server:  # fmt: skip
        assert server.stdout
        assert server.stdout.readline().startswith("ready ")

        server.send_signal(signal.SIGHUP)
        if not ends:
            time.sleep(2)  # it would have begun to stop
            assert server.poll() is None
            server.terminate()
        assert server.wait(timeout=20) == 0
