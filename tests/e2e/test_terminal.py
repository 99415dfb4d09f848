"""What a person sees: the real command in a pseudo-terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from fnt_server.cli.sample import story_pdf
from screen import ScreenCommand

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
SHOW_CURSOR, HIDE_CURSOR = b"\x1b[?25h", b"\x1b[?25l"


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that takes its time, so that the view can be looked at."""
    server = ServerProcess(
        tmp_path_factory.mktemp("slow") / "data", FNT_PACE_MS="1200", FNT_WORKERS="2"
    ).start()
    yield server
    server.stop()


@pytest.fixture
def watching(
    slow_server: ServerProcess, make_client: MakeClient
) -> Iterator[tuple[ScreenCommand, ClientHome, RestClient]]:
    """`fnt upload story.pdf` on a terminal of 90 columns."""
    home, rest = make_client(slow_server)
    home.environ.pop("COLUMNS")
    command = ScreenCommand(
        [sys.executable, "-m", "fnt", "upload", str(story_pdf()), "-o", "out"],
        environ=home.environ, cwd=home.folder, columns=90,
    )  # fmt: skip
    yield command, home, rest
    command.close()


Watching = tuple[ScreenCommand, ClientHome, RestClient]


def test_terminal_shows_the_job_live_and_then_its_result(watching: Watching) -> None:
    command, home, _ = watching

    seen = command.wait_for(lambda text: "● live" in text and "splitting" in text)
    status = command.finish()

    assert re.search(r"^  story   \w+ +━+─* +\d+ %", seen, re.M)
    assert status == 0
    assert (home.folder / "out/story.txt").exists()
    assert re.search(r"^✓ story   .* pieces   .* out/story.txt$", command.text, re.M)
    assert "●" not in command.text
    assert command.written.rfind(SHOW_CURSOR) > command.written.rfind(HIDE_CURSOR)


def test_terminal_ctrl_c_leaves_the_job_running(watching: Watching) -> None:
    command, _, rest = watching
    command.wait_for(lambda text: "splitting" in text)
    (job,) = rest.get("/jobs").json()["jobs"]

    command.press("\x03")
    status = command.finish(within_s=10)

    assert status == 130
    assert f"fnt watch {job['id']}" in command.text
    assert rest.wait_until(job["id"], lambda job: job["status"] == "completed")
    assert command.written.rfind(SHOW_CURSOR) > command.written.rfind(HIDE_CURSOR)


def test_terminal_key_c_asks_and_cancels(watching: Watching) -> None:
    command, _, rest = watching
    command.wait_for(lambda text: "splitting" in text)

    command.press("c")
    command.wait_for(lambda text: "y/n" in text.lower() or "cancel" in text.lower())
    command.press("y")
    status = command.finish(within_s=15)

    assert status == 7
    assert "cancelled" in command.text
    assert rest.get("/jobs").json()["jobs"][0]["status"] == "cancelled"


def test_terminal_key_d_detaches(watching: Watching) -> None:
    command, _, rest = watching
    command.wait_for(lambda text: "splitting" in text)

    command.press("d")
    status = command.finish(within_s=10)

    assert status == 0
    assert rest.get("/jobs").json()["jobs"][0]["status"] == "processing"
