"""Commands against a server whose answers are changed in every part, over real connections.

Oracle: that of `commands.run_command`; a command never believes what the contract does not allow,
and a saved file lies in the folder it was asked for.
"""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fuzz import campaign, values
from fuzz.commands import new_folder, run_command
from hostile import HostileServer, answer_of, hostile
from pdfs import make_pdf

pytestmark = pytest.mark.faults

GOLDEN = Path(__file__).parents[1] / "wire" / "golden"
COMMANDS = (
    ["jobs", "list"], ["jobs", "list", "--json"], ["jobs", "show", "12"], ["jobs", "cancel", "12"],
    ["jobs", "retry", "12"], ["jobs", "rm", "12", "--yes"], ["whoami"], ["whoami", "--json"],
    ["watch", "12", "--plain"], ["watch", "12", "--jsonl"], ["download", "12"], ["doctor"],
    ["download", "12", "--format", "txt", "-o", "-"], ["upload", "a.pdf"], ["logout"],
    ["upload", "a.pdf", "--watch", "--json"], ["batch", "run", "a.csv"], ["jobs", "list", "--all"],
)  # fmt: skip
STATUSES = (
    "200 OK", "200 OK", "200 OK", "201 Created", "204 No Content", "302 Found", "304 Not Modified",
    "400 Bad Request", "401 Unauthorized", "403 \x1b[31m", "404 Not Found", "409 Conflict",
    "413 X", "429 X", "500 X", "503 X", "600 X", "99 X", "abc", "",
)  # fmt: skip
HEADERS = (
    "Content-Type: text/html", "Content-Encoding: gzip", "Content-Encoding: br", "Retry-After: x",
    "Retry-After: 1", "Location: http://169.254.169.254/\x1b", "Location: //x", "ETag: \x9b",
    "Transfer-Encoding: chunked", "Content-Length: -1", "Content-Length: 5", "X: " + "y" * 70_000,
    "Set-Cookie: a=b", "Connection: close", "Content-Disposition: attachment; filename=../../x",
    "X-Request-Id: \x1b]0;x\x07", "WWW-Authenticate: Basic",
)  # fmt: skip


def known_answers() -> dict[str, Any]:
    """Return a good answer for each kind of path, by a part of it."""
    read = {path.stem: json.loads(path.read_text()) for path in GOLDEN.glob("*.json")}
    lines = (GOLDEN / "result.jsonl").read_text().splitlines()
    me = {"id": 1, "email": "a@b.fr", "name": "a"}
    return {
        "/health": {"status": "ok", "version": "0.1.0", "checks": {}},
        "/auth/me": me,
        "/confirm": read["confirm"],
        "/process-pdf": read["upload"],
        "/chunks": {"chunks": [{"number": 0, "status": "done", "start_page": 1, "end_page": 2}]},
        "/result": [json.loads(line) for line in lines],
        "/jobs/": read["job_completed"],
        "/jobs": read["list"],
        "": {},
    }


KNOWN = known_answers()


def make_answers(random: Random) -> bytes:
    """Return a command, and an answer for each kind of path, as JSON of Latin-1 texts."""
    answers = {}
    for part, known in KNOWN.items():
        is_wrong = random.random() < 0.5
        content = values.changed(random, known) if is_wrong else known
        if part == "/result" and isinstance(content, list):
            body = b"\n".join(values.json_bytes(random, line) for line in content)
        else:
            body = (
                json.dumps(content).encode() if not is_wrong else values.json_bytes(random, content)
            )
        answers[part] = _answer(random, body).decode("latin-1")
    return json.dumps([random.choice(COMMANDS), answers]).encode()


def _answer(random: Random, body: bytes) -> bytes:
    if random.random() < 0.7:
        return answer_of(body, "Content-Type: application/json")
    headers = random.sample(HEADERS, random.randrange(3))
    if "Content-Encoding: gzip" in headers and random.random() < 0.7:
        body = gzip.compress(body)
    whole = answer_of(body, *headers, status=random.choice(STATUSES))
    return values.mutated(random, whole) if random.random() < 0.15 else whole


@pytest.mark.timeout(0)
def test_a_command_ends_whatever_the_server_answers(tmp_path: Path) -> None:
    def check(data: bytes) -> None:
        command, answers = json.loads(data)
        folder = new_folder(tmp_path)
        (folder / "a.pdf").write_bytes(make_pdf())
        (folder / "a.csv").write_text("path\na.pdf\n")

        def answer(_: HostileServer, connection: socket.socket, head: bytes) -> None:
            path = head.split(b" ", 2)[1].decode("latin-1").partition("?")[0]
            found = next(part for part in answers if part in path)
            connection.sendall(answers[found].encode("latin-1"))
            connection.shutdown(socket.SHUT_WR)

        command = [str(folder / word) if word in ("a.pdf", "a.csv") else word for word in command]
        with hostile(answer) as server:
            run_command(["--timeout", "2s", *command], folder, FNT_SERVER=server.url, FNT_TOKEN="t")
        assert {path.parent for path in tmp_path.rglob("*") if path.suffix == ".txt"} <= {folder}

    campaign.run("answers", make_answers, check, cases=6)
