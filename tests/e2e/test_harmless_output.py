"""Whatever a server or a PDF holds: no control character reaches a terminal or a text file."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import make_snapshot
from e2e import programs
from e2e.harness import clean_environ
from fnt.wire.job_status import JobStatus
from hostile import HostileServer, answer_of
from screen import ScreenCommand

EVIL = (
    "a\x00\x07b\x08\x1b]0;title\x07\x1b[2Jc\x7fd\x9b31me\x9d52;c;eA==\x9c\x85"
    "\u202ef\u202c\u2066g\u2069\u200eh\u061ci\rj"
)
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
CURSOR = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\r(?!j)")
"""What we tell the terminal ourselves: colors, moves of the cursor, and line ends."""


@pytest.fixture
def server() -> Iterator[HostileServer]:
    job = make_snapshot(
        id=12,
        status=JobStatus.COMPLETED,
        original_filename=f"{EVIL}.pdf",
        sentence_count=1,
        uploaded_at="2026-01-01T00:00:00.000Z",
    ).to_wire()

    def answer(connection: socket.socket, head: bytes) -> None:
        if b"/result" in head.split(b"\r\n")[0]:
            body = f"{EVIL}\nfin \u00e9\n".encode() + b"\x9b\xff\n"
        elif b"/jobs/12 " in head:
            body = json.dumps(job).encode()
        elif b"/jobs/13 " in head:
            refusal = {"error": EVIL, "error_code": f"X{EVIL}"}
            connection.sendall(answer_of(json.dumps(refusal).encode(), status="409 Conflict"))
            return
        else:
            body = json.dumps({"jobs": [job], "next_cursor": None}).encode()
        connection.sendall(answer_of(body))

    opened = HostileServer(answer)
    yield opened
    opened.close()


def on_terminal(server: HostileServer, folder: Path, *args: str) -> bytes:
    environ = clean_environ(
        FNT_SERVER=server.url, FNT_CONFIG_DIR=str(folder / "c"), FNT_TOKEN="t", COLUMNS="100"
    )
    command = ScreenCommand(
        [str(programs.stubs() / "fnt"), *args], environ=environ, cwd=folder, columns=200
    )
    try:
        command.finish()
        return command.written
    finally:
        command.close()


@pytest.mark.parametrize("format", ["txt", "csv", "json", "jsonl"])
def test_download_to_a_terminal_and_to_a_file(
    server: HostileServer, tmp_path: Path, format: str
) -> None:
    shown = on_terminal(server, tmp_path, "download", "12", "-f", format, "-o", "-")
    on_terminal(server, tmp_path, "download", "12", "-f", format, "-o", f"x.{format}")
    saved = (tmp_path / f"x.{format}").read_bytes()

    assert "fin \u00e9" in shown.decode()
    assert "fin \u00e9" in saved.decode()
    assert not HARMFUL.search(CURSOR.sub(b"", shown).decode())
    assert not HARMFUL.search(saved.decode())


@pytest.mark.parametrize(
    "args",
    [
        ["jobs", "list"],
        ["jobs", "list", "--json"],
        ["jobs", "show", "12"],
        ["jobs", "show", "13"],
        ["watch", "12", "-o", "out"],
        pytest.param(["watch", "12", "--jsonl", "--no-save"], marks=pytest.mark.faults),
        pytest.param(["watch", "13", "-v"], marks=pytest.mark.faults),
        ["download", "12", "--junit", "j.xml"],
        ["config", "get", EVIL.replace("\x00", "")],
        ["check", f"{EVIL.replace(chr(0), '')}.pdf"],
    ],
)
def test_what_commands_print(server: HostileServer, tmp_path: Path, args: list[str]) -> None:
    shown = on_terminal(server, tmp_path, *args)

    assert shown
    assert not HARMFUL.search(CURSOR.sub(b"", shown).decode())
    for file in tmp_path.rglob("*"):
        assert not HARMFUL.search(str(file.relative_to(tmp_path)))
        assert file.is_dir() or "c" in file.parts or not HARMFUL.search(file.read_text())
