"""Named pipes, devices and sockets where files are expected, and proxies that refuse."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from e2e.nginx import nginx
from e2e.programs import search_path
from pdfs import make_pdf

AT_ONCE_S = 20


@pytest.fixture
def home(shared_server: ServerProcess, tmp_path: Path) -> ClientHome:
    email = f"special.{secrets.token_hex(4)}@example.org"
    shared_server.add_user(email)
    rest = RestClient(shared_server.url, email)
    reader = ClientHome(tmp_path / "home", shared_server.url)
    reader.environ["FNT_TOKEN"] = rest.token
    rest.close()
    (reader.folder / "a.pdf").write_bytes(make_pdf())
    os.mkfifo(reader.folder / "pipe.pdf")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(reader.folder / "socket.pdf"))
    (reader.folder / "broken.pdf").symlink_to("nowhere")
    return reader


def bash(home: ClientHome, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line], cwd=home.folder, env={**home.environ, "PATH": search_path()},
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "words", "hint"),
    [
        ("upload <(cat a.pdf)", "is a named pipe, not a file", "fnt upload - --name"),
        ("upload pipe.pdf", "pipe.pdf is a named pipe", "fnt upload - --name"),
        ("upload pipe.pdf --skip-existing --watch", "pipe.pdf is a named pipe", "fnt upload -"),
        ("upload pipe.pdf --dry-run --skip-existing", "is a named pipe", "fnt upload -"),
        ("upload socket.pdf", "socket.pdf is a socket", ""),
        ("upload /dev/zero", "/dev/zero is a device", "fnt upload -"),
        ("upload /dev/null --skip-existing", "/dev/null is a device", "fnt upload -"),
        ("check pipe.pdf", "pipe.pdf is a named pipe", ""),
    ],
)
def test_an_input_that_is_no_file_is_refused_with_a_hint(
    home: ClientHome, line: str, words: str, hint: str
) -> None:
    done = bash(home, f"fnt {line}")

    assert done.returncode in (2, 10)
    assert words in done.stdout + done.stderr
    assert hint in done.stderr


def test_standard_input_may_be_a_pipe(home: ClientHome) -> None:
    done = bash(home, "cat a.pdf | fnt upload - --name b.pdf --detach")
    assert done.returncode == 0, done.stderr

    done = bash(home, "fnt upload /dev/stdin --detach < a.pdf")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["upload -r . --detach", "batch run . --no-save", "check -r ."])
def test_a_folder_is_walked_past_them_with_a_notice(home: ClientHome, command: str) -> None:
    done = bash(home, f"fnt {command}")

    assert done.returncode == 0, done.stderr
    assert "skipped pipe.pdf: it is a named pipe" in done.stderr
    assert "skipped socket.pdf: it is a socket" in done.stderr
    assert "skipped broken.pdf: it is a broken link" in done.stderr


def test_a_list_may_come_from_a_pipe(home: ClientHome) -> None:
    done = bash(home, "fnt upload --detach --files-from <(echo a.pdf)")
    assert done.returncode == 0, done.stderr


@pytest.mark.faults
@pytest.mark.parametrize(
    "args", [["upload", "--files-from", "list.txt"], ["batch", "run", "list.txt"]]
)
def test_a_list_that_nobody_writes_is_waited_for_aloud(home: ClientHome, args: list[str]) -> None:
    os.mkfifo(home.folder / "list.txt")
    waiting = home.start(*args)
    try:
        assert waiting.stderr
        assert "waiting for a writer of list.txt" in waiting.stderr.readline()
        with (home.folder / "list.txt").open("w") as pipe:
            pipe.write("a.pdf\n")
        waiting.communicate(timeout=60)
        assert waiting.returncode == 0
    finally:
        waiting.kill()


@pytest.mark.parametrize("target", ["out.txt", "/dev/null", "/dev/stdout"])
@pytest.mark.parametrize("options", [pytest.param("", marks=pytest.mark.faults), "--overwrite"])
def test_a_result_is_not_written_over_a_special_file(
    home: ClientHome, target: str, options: str
) -> None:
    os.mkfifo(home.folder / "out.txt")
    home.run_ok("upload", "a.pdf", "--watch", "--no-save")

    for command in ("download @latest", "upload a.pdf --watch"):
        done = bash(home, f"fnt {command} -o {target} {options} | cat")
        assert "not a file" in done.stderr, done.stderr
        assert f"-o - > {target}" in done.stderr
    assert not (home.folder / "out.txt").is_file()


@pytest.mark.parametrize("option", ["--junit", "--events-file"])
def test_a_report_into_a_pipe_needs_a_reader(home: ClientHome, option: str) -> None:
    done = home.run("upload", "a.pdf", "--detach", option, "pipe.pdf", timeout_s=AT_ONCE_S)
    assert done.returncode == 2
    assert "a named pipe without a reader" in done.stderr

    done = bash(home, f"fnt upload a.pdf --detach {option} >(cat > seen); sleep 0.1; cat seen")
    assert done.returncode == 0, done.stderr


def test_a_proxy_that_refuses_the_size_is_named(
    home: ClientHome, shared_server: ServerProcess, tmp_path: Path
) -> None:
    with nginx(
        tmp_path / "nginx", shared_server.url, directives="client_max_body_size 1k;"
    ) as proxy:
        done = home.at(proxy.url).run("upload", "a.pdf", "--detach")

    assert done.returncode == 10
    assert "a proxy refused the file because of its size (413)" in done.stderr
    assert "client_max_body_size" in done.stderr
    assert home.json("jobs", "list", "--status", "pending")["jobs"] == []


@pytest.mark.faults
@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, 2, "a proxy refused the request (403)"),
        (407, 2, "a proxy wants a login (407)"),
        (411, 2, "a proxy requires the length"),
        (429, 5, "a proxy limits"),
        (502, 5, "a proxy cannot reach the server (502)"),
        (503, 5, "a proxy has no server available (503)"),
        (504, 5, "a proxy got no answer"),
    ],
)
def test_a_proxy_that_refuses_is_told_from_the_server(
    home: ClientHome, shared_server: ServerProcess, tmp_path: Path, status: int, code: int,
    words: str,
) -> None:  # fmt: skip
    directives = f"location = /api/v1/process-pdf {{ return {status} '<html>no</html>'; }}"
    with nginx(tmp_path / "nginx", shared_server.url, directives=directives) as proxy:
        through = home.at(proxy.url)
        done = through.run("upload", "a.pdf", "--detach", "--give-up", "1s")

    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert home.json("jobs", "list", "--status", "pending")["jobs"] == []
