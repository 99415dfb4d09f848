"""fnt.__main__: errors become one line and an exit code; scripts get one document."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from builders import make_snapshot
from fnt import __version__, errors
from fnt.__main__ import _early_child, asks, main, run
from fnt.interrupts import Terminated
from world import FakeApi, FakeSession, World


class FailingApi(FakeApi):
    """Raises when jobs are listed."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def list_jobs(self, **_: object) -> object:  # type: ignore[override]
        raise self.error


TABLE = [
    (errors.UsageError("wrong", hint="do this"), 2, "error: wrong\n  do this\n"),
    (errors.NotFoundError("no such job"), 3, "error: no such job\n"),
    (errors.AuthError("not logged in", hint="run: fnt login"), 4, None),
    (errors.TemporaryError("unreachable"), 5, "error: unreachable\n"),
    (errors.PartialError("some"), 6, "error: some\n"),
    (errors.AllFailedError("all"), 7, "error: all\n"),
    (errors.DeadlineError("late"), 8, "error: late\n"),
    (errors.RefusedInputError("refused"), 10, "error: refused\n"),
    (errors.QuotaError("quota"), 11, "error: quota\n"),
    (errors.ProtocolError("odd\x1b[31m\nanswer"), 12, "error: odd\\x1b[31m\\nanswer\n"),
    (KeyboardInterrupt(), 130, ""),
    (Terminated(), 143, ""),
    (BrokenPipeError(), 141, ""),
]


@pytest.mark.parametrize(("error", "code", "told"), TABLE)
def test_errors_become_a_line_and_a_code(error: BaseException, code: int, told: str | None) -> None:
    world = World(api=FailingApi(error))

    assert run(["jobs", "list"], world.context()) == code

    assert world.out == ""
    if told is not None:
        assert world.err == told


@pytest.mark.parametrize(("error", "code"), [(e, c) for e, c, _ in TABLE if c != 141])
def test_json_is_one_document_in_every_case(error: BaseException, code: int) -> None:
    world = World(api=FailingApi(error))

    run(["--json", "jobs", "list"], world.context())

    document = json.loads(world.out)
    assert document["command"] == "jobs list"
    assert (document["ok"], document["exit_code"]) == (False, code)
    assert document["error"]["message"]


@pytest.mark.parametrize(
    "args", [["--nope"], ["nope"], ["upload"], ["upload", "x.pdf", "--words", "2"], ["watch"]]
)
@pytest.mark.parametrize("json_flag", [[], ["--json"]])
def test_wrong_usage(args: list[str], json_flag: list[str]) -> None:
    world = World()

    assert run([*args, *json_flag], world.context()) == 2

    assert world.err.startswith("error: ")
    assert len(world.out.splitlines()) == len(json_flag)


def test_jsonl_ends_with_one_last_event() -> None:
    world = World(session=FakeSession([make_snapshot(), KeyboardInterrupt()]))

    assert run(["--jsonl", "watch", "12"], world.context()) == 130

    types = [json.loads(line)["type"] for line in world.out.splitlines()]
    assert types == ["job.progress", "run.finished"]


def test_success_writes_one_document() -> None:
    world = World(api=FakeApi(make_snapshot()))

    assert run(["jobs", "list", "--json"], world.context()) == 0

    document = json.loads(world.out)
    assert document["ok"] is True
    assert document["jobs"][0]["job"] == make_snapshot().to_wire()


def test_a_bug_shows_where_it_happened() -> None:
    world = World(api=FailingApi(ZeroDivisionError("oops\x1b")))

    assert run(["jobs", "list", "--json"], world.context()) == 1

    assert "ZeroDivisionError: oops\\x1b" in world.err
    assert "\x1b" not in world.err
    assert json.loads(world.out)["error"]["message"] == "this is a bug in fnt: ZeroDivisionError"


def test_debug_shows_more() -> None:
    world = World(api=FailingApi(errors.ProtocolError("odd", request_id="r-1")))

    run(["jobs", "list", "--debug"], world.context())

    assert "Traceback" in world.err
    assert "request id: r-1" in world.err


@pytest.mark.parametrize(
    ("argv", "expected"),
    [(["--json"], True), (["upload", "--json"], True), (["x", "--", "--json"], False), ([], False)],
)
def test_options_behind_two_dashes_are_names(argv: list[str], expected: bool) -> None:
    assert asks(argv, "--json") is expected


def fnt(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fnt", *args]
    return subprocess.run(command, check=False, text=True, timeout=30, **options)


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_of_the_real_program(flag: str) -> None:
    done = fnt(flag, capture_output=True)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"fnt {__version__}\n", "")


@pytest.mark.slow
def test_a_closed_reader_ends_silently() -> None:
    read, write = os.pipe()
    os.close(read)

    done = fnt("version", stdout=write, stderr=subprocess.PIPE)

    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("args", [["version"], ["--json", "version"], ["--jsonl", "version"]])
def test_a_full_disk_is_one_line(args: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = fnt(*args, stdout=full, stderr=subprocess.PIPE)

    told = "error: cannot write the result: No space left on device"
    assert done.returncode == 2
    assert set(done.stderr.splitlines()) == {told}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_log_on_a_full_disk_does_not_change_how_it_ends() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = fnt("upload", "nope.pdf", stdout=subprocess.PIPE, stderr=full)

    assert done.returncode == 3


IMPORTING = """
import sys
from fnt.__main__ import main

class Interrupted:
    def find_spec(self, name, *_):
        if name == "fnt.context":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
sys.argv = ["fnt", "whoami"]
main()
"""


@pytest.mark.slow
def test_ctrl_c_while_it_imports_is_silent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING], check=False, capture_output=True, text=True, timeout=30
    )

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="a folder in use can be removed")
def test_a_removed_current_folder_is_not_a_crash(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f'rmdir "{gone}"; exec "{sys.executable}" -m fnt version'

    done = subprocess.run(
        ["sh", "-c", line], check=False, capture_output=True, cwd=gone, text=True, timeout=30
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="POSIX shell")
def test_a_closed_stdout_ends_silently() -> None:
    line = f'"{sys.executable}" -m fnt version >&-'

    done = subprocess.run(
        ["sh", "-c", line], check=False, stderr=subprocess.PIPE, text=True, timeout=30
    )

    assert (done.returncode, done.stderr) == (141, "")


WAITING = """
import os, sys
import fnt.context
from fnt.__main__ import main

def connect(settings):
    print("here", flush=True)
    os.read(0, 1)

fnt.context.connect = connect
sys.argv = ["fnt", "whoami"]
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signals_end_with_their_code(sent: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.send_signal(sent)

        _, told = process.communicate(timeout=30)

    assert (process.returncode, told) == (code, b"")


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_an_interrupt_while_a_class_is_made_is_one(
    stop: type[KeyboardInterrupt], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        def __set_name__(self, owner: type, name: str) -> None:
            raise stop

    monkeypatch.setattr("fnt.__main__._run_process", lambda: type("Made", (), {"x": Interrupted()}))
    monkeypatch.setattr(sys, "argv", ["fnt", "jobs"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == code


@pytest.mark.parametrize(
    ("line", "is_started"),
    [
        ("upload novel.pdf", True), ("--quiet check .", True), ("batch run books", True),
        ("upload novel.pdf --help", False), ("upload -h", False), ("jobs list", False),
    ],
)  # fmt: skip
def test_what_looks_at_pdfs_starts_before_the_imports(line: str, is_started: bool) -> None:
    child = _early_child(line.split())
    if child is not None:
        child.close()

    assert (child is not None) is is_started
