"""A forked program and one that a new Python runs cannot be told apart from outside."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e import programs
from e2e.harness import clean_environ, is_alive

Start = Callable[..., "subprocess.Popen[str]"]


def start_forked(*args: str, **options: object) -> subprocess.Popen[str]:
    process = programs.start("fnt", *args, **options)  # type: ignore[arg-type]
    assert isinstance(process, programs.ForkedPopen)
    return process


def start_new(*args: str, **options: object) -> subprocess.Popen[str]:
    process = programs.start("fnt", *args, prefix=["env"], **options)  # type: ignore[arg-type]
    assert not isinstance(process, programs.ForkedPopen)
    return process


@pytest.fixture(params=[start_forked, pytest.param(start_new, marks=pytest.mark.faults)])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Start:
    environ = clean_environ(FNT_CONFIG_DIR=str(tmp_path), FNT_SERVER="http://127.0.0.1:9")
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return lambda *args: request.param(*args, cwd=tmp_path, env=environ, text=True, **streams)


@pytest.mark.parametrize(
    ("args", "stdin", "status", "out", "err"),
    [
        (["--version"], "", 0, "fnt ", ""),
        (["whoami"], "", 4, "", "fnt login"),
        (["upload", "ici.pdf", "--dry-run"], "", 0, "ici.pdf", ""),
        (["upload", "--files-from", "-", "--dry-run"], "ici.pdf\n", 0, "ici.pdf", ""),
        (["upload", "--none"], "", 2, "", "--none"),
    ],
)
def test_it_reads_writes_and_ends(
    start: Start, tmp_path: Path, args: list[str], stdin: str, status: int, out: str, err: str
) -> None:
    (tmp_path / "ici.pdf").write_bytes(b"%PDF-1.4\n")
    with start(*args) as process:
        said, told = process.communicate(stdin, timeout=60)

    assert (process.returncode, process.poll()) == (status, status), told
    assert out in said
    assert err in told


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.faults),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.faults),
    ],
)
def test_it_is_signalled_while_it_runs(
    start: Start, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    os.mkfifo(tmp_path / "list")
    with start("upload", "--files-from", "list") as process:
        assert process.stderr and "waiting for a writer" in process.stderr.readline()
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)

        process.send_signal(number)

        assert process.wait(timeout=60) == status
    assert not is_alive(process.pid)


def test_a_variable_that_python_reads_at_its_start_takes_a_new_one() -> None:
    environ = clean_environ(PYTHONUTF8="1")
    done = programs.run("fnt", "--version", env=environ, timeout_s=60)
    process = programs.start("fnt", "--version", env=environ, stdout=subprocess.DEVNULL)

    assert done.returncode == process.wait(timeout=60) == 0
    assert not isinstance(process, programs.ForkedPopen)
