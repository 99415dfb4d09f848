"""What `docs/operations.md` says in passing to type, with a PostgreSQL of its own.

Its blocks are typed by `tests/e2e/test_docs.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness import clean_environ
from fnt_server.db.connection import Database
from server.own_services import own_postgresql
from server.records import make_user

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
QUOTED = re.findall(r"`([^`\n]+)`", PAGE.read_text(encoding="utf-8"))
PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    with own_postgresql() as url:
        program = tmp_path / "fnt-server"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m fnt_server "$@"\n')
        program.chmod(0o755)
        path = os.pathsep.join([str(tmp_path), *map(str, PLACES), os.environ["PATH"]])
        yield clean_environ(PATH=path, DATABASE_URL=url, FNT_DATA_DIR=str(tmp_path / "data"))


@pytest.mark.faults
def test_a_dump_of_postgresql_brings_back_what_was_there(
    environ: dict[str, str], tmp_path: Path
) -> None:
    def type_line(line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", line], cwd=tmp_path, env=environ, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    [dump] = [line for line in QUOTED if line.startswith("pg_dump ")]
    [restore] = [line for line in QUOTED if line.startswith("pg_restore ")]
    assert {"fnt-server migrate", "fnt-server check", "--to base"} <= set(QUOTED)

    assert "todo database: postgresql, not migrated yet" in type_line("fnt-server check")
    type_line("fnt-server migrate")
    database = Database(environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    make_user(database)
    database.dispose()
    before = type_line("fnt-server user list")
    type_line(dump)
    type_line("fnt-server migrate --to base")
    type_line(restore)

    assert "ok   database: postgresql, schema up to date" in type_line("fnt-server check")
    assert type_line("fnt-server user list") == before != ""
