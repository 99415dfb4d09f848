"""Ctrl-Z, `fg`, `bg` and `&` in a real bash, and windows that change their size."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, children_of, wait_for
from fnt_server.cli.sample import story_pdf
from screen import ScreenCommand

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
FNT = f"{sys.executable} -m fnt"


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes its time, so that the view can be looked at."""
    server = ServerProcess(
        tmp_path_factory.mktemp("slow") / "data", FNT_PACE_MS="3000", FNT_WORKERS="2"
    ).start()
    yield server
    server.stop()


class Shell(ScreenCommand):
    """An interactive bash with job control."""

    def __init__(self, home: ClientHome, *, columns: int = 90) -> None:
        environ = {**home.environ, "PS1": "$ ", "HISTFILE": "/dev/null"}
        environ.pop("COLUMNS", None)
        command = ["bash", "--norc", "--noprofile", "-i"]
        super().__init__(command, environ=environ, cwd=home.folder, columns=columns)
        self.wait_for(lambda text: text.endswith("$"))

    def type(self, line: str) -> None:
        self.press(f"{line}\r")

    def job_state(self) -> str:
        """The state of the shell's only child: T is stopped."""
        (child,) = children_of(self.process.pid)
        return Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0]


@pytest.fixture
def shell(slow_server: ServerProcess, make_client: MakeClient) -> Iterator[Shell]:
    home, _ = make_client(slow_server)
    opened = Shell(home)
    yield opened
    opened.close()


def upload(shell: Shell, *, background: bool = False) -> None:
    shell.type(f"{FNT} upload {story_pdf()} -o out" + (" &" if background else ""))


def stop(shell: Shell) -> None:
    shell.press("\x1a")
    shell.wait_for(lambda text: "Stopped" in text and text.endswith("$"))


def is_live(text: str) -> bool:
    return "● live" in text and "d detach" in text


def test_ctrl_z_gives_the_shell_its_terminal_and_fg_brings_the_view_back(shell: Shell) -> None:
    upload(shell)
    shell.wait_for(is_live)
    assert shell.screen.cursor.hidden

    stop(shell)

    assert not shell.screen.cursor.hidden
    assert "● live" not in shell.text  # the view is erased, not left in pieces
    shell.type("stty -a | tr ';' '\\n' | grep -o -e '-*icanon' -e '-*echo '")
    shell.wait_for(
        lambda text: re.search(r"^icanon", text, re.M) and re.search("^echo", text, re.M)
    )

    shell.resize(columns=70, lines=20)
    shell.type("fg")
    shell.wait_for(is_live)
    wait_for(lambda: shell.look() and shell.screen.cursor.hidden, within_s=5, what="hidden cursor")
    shell.press("d")  # keys work again
    shell.wait_for(lambda text: "resume with" in text and text.endswith("$"))
    assert not shell.screen.cursor.hidden


def test_ctrl_z_twice(shell: Shell) -> None:
    upload(shell)
    for command in ("fg", "fg"):
        shell.wait_for(is_live)
        stop(shell)
        shell.type(f"clear; {command}")
    shell.wait_for(is_live)
    shell.press("\x03")
    shell.wait_for(lambda text: "still running; resume with" in text)


def test_bg_goes_on_with_plain_lines_and_fg_restores_the_view(shell: Shell) -> None:
    upload(shell)
    shell.wait_for(is_live)
    stop(shell)
    drawn = len(shell.written)

    shell.type("bg")
    shell.wait_for(
        lambda text: re.search(r"^story\.pdf(, job \d+)?: splitting \d+ % \(live\)", text, re.M)
    )

    plain = shell.written[drawn:].split(b"bg", 1)[1]
    assert shell.job_state() != "T"
    assert not re.search(rb"\x1b\[(\?25|\?2026|J|\d*A)", plain)
    assert not shell.screen.cursor.hidden

    shell.type("clear; fg")
    shell.wait_for(is_live)
    shell.press("d")
    shell.wait_for(lambda text: "resume with" in text)


def test_started_in_the_background_it_leaves_the_terminal_alone(shell: Shell) -> None:
    upload(shell, background=True)
    shell.wait_for(lambda text: re.search(r"story\.pdf: uploaded, job \d+", text))

    assert shell.job_state() != "T"
    assert b"\x1b[?25l" not in shell.written

    shell.type("clear; fg")
    shell.wait_for(is_live)
    shell.press("d")
    shell.wait_for(lambda text: "resume with" in text)


@pytest.mark.faults
def test_a_job_in_the_background_ends_and_saves_with_the_terminal_untouched(shell: Shell) -> None:
    upload(shell)
    shell.wait_for(is_live)
    stop(shell)

    shell.type("bg")

    shell.wait_for(
        lambda text: "completed, " in text and "saved to out/story.txt" in text, within_s=60
    )
    shell.type("wait; echo status $?")
    shell.wait_for(lambda text: re.search(r"^status \d", text, re.M))
    assert not shell.screen.cursor.hidden


def test_a_stop_that_cannot_be_caught_is_recovered_from(shell: Shell) -> None:
    upload(shell)
    shell.wait_for(is_live)
    (child,) = children_of(shell.process.pid)

    subprocess.run(["kill", "-STOP", str(child)], check=True)
    shell.wait_for(lambda text: "Stopped" in text)
    shell.type("bg")
    shell.wait_for(lambda text: re.search(r"^story\.pdf.*: splitting", text, re.M))
    assert shell.job_state() != "T"
    shell.type("clear; fg")
    shell.wait_for(is_live)
    shell.press("d")
    shell.wait_for(lambda text: "resume with" in text)


def test_a_login_in_the_background_does_not_stop_for_a_prompt(shell: Shell) -> None:
    shell.type(f"{FNT} login --email me@example.org &")

    shell.wait_for(lambda text: "cannot prompt for the password" in text)


@pytest.mark.parametrize("columns", [40, pytest.param(61, marks=pytest.mark.faults)])
def test_narrowing_the_window_leaves_no_half_frames(shell: Shell, columns: int) -> None:
    upload(shell)
    shell.wait_for(is_live)

    shell.resize(columns=columns, lines=24)
    shell.wait_for(lambda text: "Ctrl-C leave" not in text)
    shell.look(1.5)

    assert shell.text.count("● live") == 1
    assert shell.text.count("  story   ") == 1
    assert shell.text.count("━") + shell.text.count("─") < columns


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
@pytest.mark.parametrize("columns", [33, pytest.param(58, marks=pytest.mark.faults)])
def test_a_terminal_that_rewraps_lines_shows_one_frame(
    slow_server: ServerProcess, make_client: MakeClient, columns: int
) -> None:
    home, _ = make_client(slow_server)
    name = f"fnt-{uuid.uuid4().hex[:8]}"
    environ = {name: value for name, value in home.environ.items() if name != "COLUMNS"}

    def tmux(*args: str) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-L", name, "-f", "/dev/null", *args],
            cwd=home.folder, env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    # What a rewrapped screen pushes into its history cannot be erased: let it be these lines.
    command = f"printf '1\\n2\\n3\\n4\\n'; {FNT} upload {story_pdf()} -o out; sleep 60"
    tmux("new-session", "-d", "-x", "100", "-y", "24", command)
    try:

        def seen() -> str:
            return tmux("capture-pane", "-p", "-S", "-")

        wait_for(lambda: is_live(seen()), within_s=30, what="the live view")
        tmux("resize-window", "-x", str(columns), "-y", "24")

        def is_single() -> bool:
            lines = seen().strip().splitlines()
            starts = [line[:4] for line in lines]
            return starts == ["1", "2", "3", "4", "  st", "", "● li"]

        wait_for(is_single, within_s=10, what="one frame")
    finally:
        tmux("kill-server")


def test_a_process_that_no_shell_controls_is_not_stopped(
    slow_server: ServerProcess, make_client: MakeClient
) -> None:
    """Its process group is orphaned: nobody could continue it."""
    home, _ = make_client(slow_server)
    command = ScreenCommand(
        [sys.executable, "-m", "fnt", "upload", str(story_pdf()), "-o", "out"],
        environ=home.environ, cwd=home.folder,
    )  # fmt: skip
    try:
        command.wait_for(is_live)
        drawn = len(command.written)
        command.process.send_signal(signal.SIGTSTP)
        command.wait_for(lambda text: is_live(text) and b"\x1b[?25l" in command.written[drawn:])
    finally:
        command.close()
