"""--timeout ends a command that waits for a server which never answers."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from e2e.harness import ClientHome
from pdfs import make_pdf


@pytest.mark.parametrize(
    ("args", "code"),
    [(("whoami",), 5), (("jobs", "list"), 5), (("watch", "--all"), 5),
     (("upload", "a.pdf", "--watch"), 8), (("upload", "a.pdf", "--detach"), 8)],
)  # fmt: skip
def test_a_silent_server_ends_in_time(tmp_path: Path, args: tuple[str, ...], code: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        home = ClientHome(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        home.environ["FNT_TOKEN"] = "fnt_nobody"
        (tmp_path / "a.pdf").write_bytes(make_pdf())
        began = time.monotonic()

        done = home.run(*args, "--timeout", "1s")

        assert (done.returncode, time.monotonic() - began < 20) == (code, True), done.stderr
    assert "timed out" in done.stderr
    assert "Traceback" not in done.stderr
