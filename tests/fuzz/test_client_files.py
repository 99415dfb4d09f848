"""Configuration, project files, manifests, ledgers, tokens and results on the client's disk.

Oracle: that of `commands.run_command`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest

from builders import MOMENT
from fnt.errors import TemporaryError
from fnt.flow.ledger import Ledger, Prepared, Wanted
from fnt.flow.results.result_formats import make
from fnt.wire.jobs import ProcessingSettings
from fuzz import campaign, values
from fuzz.commands import new_folder, run_command
from pdfs import make_pdf

pytestmark = pytest.mark.faults

GOLDEN = Path(__file__).parents[1] / "wire" / "golden"
NOWHERE = "http://127.0.0.1:1"
SETTINGS = (
    "server",
    "jobs",
    "parallel",
    "format",
    "words",
    "min_words",
    "engine",
    "timeout",
    "color",
    "transport",
    "ca_file",
    "insecure_http",
    "no_keyring",
    "output",
    "profile",
    "profiles",
    "stretch",
)
COLUMNS = (
    "path", "name", "words", "min_words", "engine", "ignore_dialogue", "output", "stretch", "x", "",
)  # fmt: skip
MANIFESTS = ("m.csv", "m.tsv", "m.jsonl", "m.json", "m.txt", "m")


def make_toml(random: Random) -> bytes:
    lines = []
    for _ in range(random.randrange(6)):
        if random.random() < 0.2:
            lines.append(random.choice(("[profiles.x]", "[profiles]", "[x]", "[[profiles]]", "[")))
        said = json.dumps(values.value(random, 2), ensure_ascii=random.random() < 0.5)
        lines.append(f"{random.choice(SETTINGS)} = {said}")
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    return values.mutated(random, data) if random.random() < 0.3 else data


def check_toml(folder: Path, data: bytes) -> None:
    for name in ("config.toml", ".fnt.toml"):
        there = new_folder(folder)
        (there / name).write_bytes(data)
        for argv in (
            ["config", "list"],
            ["config", "set", "words", "9"],
            ["config", "trust"],
            ["--profile", "x", "config", "get", "server"],
            ["config", "list", "--json"],
        ):
            run_command(argv, there)


def make_manifest(random: Random) -> bytes:
    rows = [
        {
            random.choice(COLUMNS): random.choice(("a.pdf", "5", values.scalar(random)))
            for _ in range(random.randrange(1, 6))
        }
        for _ in range(random.randrange(1, 5))
    ]
    if random.random() < 0.4:
        data = b"\n".join(values.json_bytes(random, row) for row in rows)
    else:
        mark = random.choice(",\t;")
        lines = [mark.join(rows[0]), *(mark.join(map(str, row.values())) for row in rows)]
        data = "\n".join(lines).encode("utf-8", "surrogatepass")
    if random.random() < 0.2:
        data = random.choice((b"\xef\xbb\xbf", b"\xff\xfe", b'"', b"\0")) + data
    if random.random() < 0.05:
        data += b'a.pdf,"' + b"x" * 300_000
    return values.mutated(random, data) if random.random() < 0.3 else data


def check_manifest(folder: Path, data: bytes) -> None:
    there = new_folder(folder)
    (there / "a.pdf").write_bytes(make_pdf())
    for name in MANIFESTS:
        (there / name).write_bytes(data)
        for more in (["--dry-run"], ["--dry-run", "--json"]):
            run_command(["batch", "run", str(there / name), *more], there, FNT_SERVER=NOWHERE)


def make_ledger(random: Random) -> bytes:
    """Return how a ledger is changed: statements, and bytes overwritten."""
    columns = (
        "settings",
        "path",
        "filename",
        "stem",
        "run",
        "line",
        "status",
        "idempotency_key",
        "sha256",
        "size_bytes",
        "modified_ns",
        "page_count",
        "job_id",
        "targets",
        "outputs",
        "error_code",
        "error_message",
        "attempts",
        "earlier_jobs",
        "created_at",
        "place",
    )
    odd = (
        "'x'",
        "-1",
        "NULL",
        "1e400",
        "x'ff00'",
        "'{}'",
        "'[1]'",
        "'[]'",
        "9223372036854775807",
        "char(27)",
        "'failed'",
        "'done'",
        "'['",
        "'[[[[1]]]]'",
        "'\\ud800'",
        "''",
    )
    statements = [
        f"UPDATE OR IGNORE books SET {random.choice(columns)} = {random.choice(odd)}"
        for _ in range(random.randrange(1, 4))
    ]
    if random.random() < 0.3:
        statements.append(
            random.choice(
                (
                    "UPDATE facts SET value = " + random.choice(odd),
                    "DROP TABLE facts",
                    "DELETE FROM facts",
                    "ALTER TABLE books DROP COLUMN stem",
                    "PRAGMA user_version = 9",
                    "DROP TABLE books",
                    "CREATE TRIGGER t AFTER UPDATE ON books BEGIN SELECT 1; END",
                )
            )
        )
    places = [
        [random.random(), random.randrange(256)] for _ in range(random.choice((0, 0, 0, 1, 50)))
    ]
    return json.dumps({"statements": statements, "places": places}).encode()


def check_ledger(folder: Path, data: bytes) -> None:
    there, change = new_folder(folder), json.loads(data)
    path = there / "m.csv.ledger"
    with closing(Ledger(path, now=lambda: MOMENT, create=True)) as ledger:
        book = Wanted(path="a.pdf", file=there / "a.pdf", filename="a.pdf",
            settings=ProcessingSettings(), stem="a", line=1)  # fmt: skip
        ledger.begin_run([book])
        (made,) = ledger.books()
        sent = Prepared(key="k", sha256="0" * 64, size_bytes=9, modified_ns=7, page_count=None)
        ledger.sending(made, sent)
        ledger.running(made, 7)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        for statement in change["statements"]:
            try:
                connection.execute(statement)
            except sqlite3.Error:  # of a column that is gone, or a kind it must not have
                connection.rollback()
        connection.commit()
    content = bytearray(path.read_bytes())
    for place, byte in change["places"]:
        content[int(place * len(content))] = byte
    path.write_bytes(content)
    for argv in (
        ["batch", "status", str(path)],
        ["batch", "status", str(path), "--json"],
        ["batch", "export", str(path)],
        ["batch", "retry", str(path), "--yes"],
    ):
        run_command(argv, there, FNT_SERVER=NOWHERE, FNT_TOKEN="t")


def make_token(random: Random) -> bytes:
    known = {"access_token": "a", "refresh_token": "r", "expires_at": 1e10, "v": 1}
    return values.json_bytes(random, values.changed(random, known))


def check_token(folder: Path, data: bytes) -> None:
    there = new_folder(folder)
    for kept in ("tokens", "seen"):
        path = there / kept / (quote(NOWHERE, safe="") + ".json")
        path.parent.mkdir(mode=0o700)
        path.write_bytes(data)
        path.chmod(0o600)
    for argv in (["whoami"], ["jobs", "list"], ["logout"]):
        run_command(argv, there, FNT_SERVER=NOWHERE, FNT_NO_KEYRING="1")


def make_result(random: Random) -> bytes:
    lines = (GOLDEN / "result.jsonl").read_bytes().splitlines()
    return b"\n".join(
        values.json_bytes(random, values.changed(random, json.loads(line))) for line in lines
    )


def check_result(folder: Path, data: bytes) -> None:
    there = new_folder(folder)
    (there / "lines").write_bytes(data)
    for format in ("xlsx", "anki"):
        try:
            make(format, there / "lines", there / f"made.{format}", title="a::b")
        except TemporaryError as error:
            assert "\n" not in error.message, error.message


@pytest.mark.parametrize(("name", "make_data", "check", "cases"), [
    ("client-toml", make_toml, check_toml, 8),
    ("client-manifest", make_manifest, check_manifest, 6),
    ("client-ledger", make_ledger, check_ledger, 12),
    ("client-token", make_token, check_token, 6),
    ("client-result", make_result, check_result, 10),
])  # fmt: skip
def test_a_file_is_read_or_named_as_wrong(
    tmp_path: Path,
    name: str,
    make_data: Callable[[Random], bytes],
    check: Callable[[Path, bytes], None],
    cases: int,
) -> None:
    campaign.run(name, make_data, lambda data: check(tmp_path, data), cases=cases)
