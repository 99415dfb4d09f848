"""Make tests/compat/fixtures with a release: PYTHONPATH=tests OLD_VENV/bin/python this file.

Everything in them was written by that release itself; both its client and its server are killed
in the midst of their work. Needs PostgreSQL (FNT_TEST_DATABASE_URL) and its pg_dump.
Build the release's wheel (`make build`) into the same folder.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psycopg

from compat.processes import Client, Release, Rest, Server, wait_for
from pdfs import make_pdf

FOLDER = Path(__file__).parent / "fixtures"
STORY = Path(__file__).parents[2] / "server_stub" / "fnt_server" / "sample" / "story.pdf"
DATABASE_URL = os.environ.get("FNT_TEST_DATABASE_URL", "postgresql://127.0.0.1:5432/test")
SCHEMA = "fnt_previous"
PASSWORD = "correct horse battery"
READER, OTHER, LIBRARY = (f"{name}@example.org" for name in ("reader", "other", "library"))
PACE = {"FNT_PACE_MS": "500", "FNT_WORKERS": "1", "FNT_MAX_USER_JOBS": "4"}
FORMATS = ("json", "jsonl", "txt", "csv")
Ids = dict[str, int]


def main() -> None:
    """Make all of them anew."""
    release = Release(python=Path(sys.executable))
    with tempfile.TemporaryDirectory(prefix="fnt-") as folder:
        root = Path(folder)
        sqlite = make_record(release, root / "sqlite", home=root / "home")
        pack("sqlite.tar.xz", root / "sqlite", "data")
        pack("home.tar.xz", root, "home")
        with schema() as url:
            postgres = make_record(release, root / "postgres", DATABASE_URL=url)
            (FOLDER / "postgres.sql").write_text(dump())
        pack("postgres.tar.xz", root / "postgres", "data")
    facts = {"password": PASSWORD, "sqlite": sqlite, "postgres": postgres}
    (FOLDER / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")


def make_record(
    release: Release, folder: Path, *, home: Path | None = None, **environ: str
) -> dict[str, Any]:
    """Fill a data folder and kill its server; returns what a test needs to know of it."""
    server = Server(release=release, data_dir=folder / "data", environ={**PACE, **environ})
    for email in (READER, OTHER, LIBRARY):
        server.add_user(email, PASSWORD)
    facts: dict[str, Any] = {"tokens": {m: server.make_token(m) for m in (READER, OTHER, LIBRARY)}}
    server.start()
    try:
        tokens = facts["tokens"]
        with Rest(server.url, token=tokens[READER]) as rest:
            facts["jobs"] = jobs = make_ended_jobs(rest)
            write_results(rest, jobs["completed"])
            if home is not None:
                make_home(release, home, url=server.url, token=tokens[OTHER])
                with Rest(server.url, token=tokens[LIBRARY]) as library:
                    wait_until_idle(library)
            facts["device_code"] = ask_for_a_device(server.url)
            with Rest(server.url, token=tokens[OTHER]) as other:
                jobs |= leave_half_done(rest, other)
    finally:
        server.stop(signal.SIGKILL)
    (folder / "data" / "run.lock").unlink()
    require_half_done(folder / "data" / "fnt.db", environ.get("DATABASE_URL"))
    return {**facts, "url": server.url, "made_at": time.time()}


def make_ended_jobs(rest: Rest) -> Ids:
    """Make one job for each way to end, and one that never got its file."""
    cancelled = rest.send(STORY.read_bytes(), name="annulé.pdf")
    rest.post(f"/jobs/{cancelled}/cancel")
    completed = rest.send(STORY.read_bytes(), name="L’Étranger du bac.pdf")
    failed = rest.send(b"%PDF-1.7\n" + b"\xff" * 500, name="abîmé.pdf")
    assert rest.ended(completed)["status"] == "completed"
    assert rest.ended(failed)["status"] == "failed"
    ids = {"cancelled": cancelled, "completed": completed, "failed": failed}
    return {**ids, "unsent": rest.confirm("jamais envoyé.pdf")}


def write_results(rest: Rest, job_id: int) -> None:
    """Keep the bytes of a result in all formats; the same whichever database there was."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as tar:
        for kind in FORMATS:
            content = rest.result(job_id, kind)
            entry = tarfile.TarInfo(kind)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    (FOLDER / "results.tar.xz").write_bytes(out.getvalue())


def ask_for_a_device(url: str) -> str:
    """Ask for a device login that nobody answers; returns its code."""
    answer = httpx.post(f"{url}/api/v1/auth/device/code", json={"client_id": "fnt-cli"})
    code: str = answer.raise_for_status().json()["device_code"]
    return code


def require_half_done(path: Path, database_url: str | None) -> None:
    """See that the kill came in time: the record, not what REST said, is what tests start from."""
    question = "SELECT kind, status FROM steps WHERE status IN ('ready', 'running')"
    with contextlib.ExitStack() as stack:
        if database_url is None:
            database: Any = stack.enter_context(contextlib.closing(sqlite3.connect(path)))
        else:
            database = stack.enter_context(psycopg.connect(database_url))
        left = set(database.execute(question).fetchall())
    wanted = {("analyse", "ready"), ("chunk", "ready"), ("chunk", "running"), ("merge", "ready")}
    if left != wanted:
        sys.exit(f"the kill came at another moment, try again: {sorted(left)}")


def wait_until_idle(rest: Rest) -> None:
    """Wait for the jobs that were sent; the killed client may have announced one more."""

    def is_idle() -> bool:
        return sum(job["status"] in ("pending", "processing") for job in rest.jobs()) <= 1

    wait_for(is_idle, within_s=30, what="the sent books are done")


def leave_half_done(rest: Rest, other: Rest) -> Ids:
    """Stop in the midst: chunks of one job done, all of another but its merge, one not begun."""
    half = rest.send(STORY.read_bytes(), name="à moitié.pdf")
    # Users take turns: begun in its first chunk, the merge of the other waits for its third.
    wait_for(lambda: rest.job(half)["total_chunks"], within_s=30, what="a chunk runs")
    merging = other.send(make_pdf(text="Il pleuvait. Elle attendait le bac."), name="fusion.pdf")
    queued = rest.send(STORY.read_bytes(), name="en attente.pdf", sentence_length_limit=6)

    def is_midway() -> bool:
        a, b, c = rest.job(half), other.job(merging), rest.job(queued)
        return (
            0 < a["processed_chunks"] < a["total_chunks"]
            and b["status"] == "processing"
            and b["processed_chunks"] == b["total_chunks"]
            and c["progress_percent"] == 0
        )

    wait_for(is_midway, within_s=60, what="the jobs stand as wanted")
    return {"half": half, "merging": merging, "queued": queued}


def make_home(release: Release, home: Path, *, url: str, token: str) -> None:
    """Configure a client in all its files, and kill it in the midst of an import."""
    client = Client(release=release, cwd=home / "project", config_dir=home / "config")
    client.cwd.mkdir(parents=True)
    client.run_ok("config", "set", "server", url)
    client.run_ok("config", "set", "jobs", "1")
    client.run_ok("config", "set", "no_keyring", "true")
    by_name = url.replace("127.0.0.1", "localhost")
    client.run_ok("config", "set", "--profile", "work", "server", by_name)
    client.run_ok("config", "set", "--profile", "work", "timeout", "50s")
    client.log_in(LIBRARY, PASSWORD)
    client.run_ok("--profile", "work", "login", "--with-token", "--insecure-storage",
                  stdin=f"{token}\n")  # fmt: skip
    (client.cwd / ".fnt.toml").write_text(f'server = "{by_name}"\njobs = 7\n')
    client.run_ok("config", "trust")
    import_half(Client(release=release, cwd=home / "library", config_dir=client.config_dir))


def import_half(client: Client) -> None:
    """Run `fnt batch run` until books stand in four states, and kill it; then list its jobs."""
    books = client.cwd / "books"
    books.mkdir(parents=True)
    for number in range(1, 11):
        text = f"Livre {number}. Le passeur, qui n’attendait personne, regardait la rivière."
        (books / f"livre-{number:02}.pdf").write_bytes(make_pdf(text=text))
    process = client.start("batch", "run", "books", "-o", "out", "-f", "txt")
    wanted = {"done": 2, "running": 1, "sending": 1, "waiting": 2}
    try:
        wait_for(
            lambda: all(_states(books)[state] >= least for state, least in wanted.items()),
            within_s=60,
            what="the import stands as wanted",
        )
    finally:
        process.kill()
        process.communicate()
    client.run_ok("jobs", "list")


def _states(books: Path) -> Counter[str]:
    with contextlib.suppress(sqlite3.OperationalError):
        uri = f"file:{books / '.fnt-batch.ledger'}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as ledger:
            return Counter(status for (status,) in ledger.execute("SELECT status FROM books"))
    return Counter()


@contextlib.contextmanager
def schema() -> Any:
    """Make the schema the dump is of; yields the URL that uses it."""
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            yield f"{DATABASE_URL}?options=-csearch_path%3D{SCHEMA}"
        finally:
            connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


def dump() -> str:
    """Dump the schema as SQL that any client of PostgreSQL can run."""
    command = ["pg_dump", "--no-owner", "--no-privileges", "--inserts", "--schema", SCHEMA]
    return subprocess.run(
        [*command, DATABASE_URL], check=True, capture_output=True, text=True
    ).stdout


def pack(name: str, parent: Path, folder: str) -> None:
    """Pack a folder with times and modes, without whose files they were."""

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(FOLDER / name, "w:xz", format=tarfile.PAX_FORMAT) as tar:
        tar.add(parent / folder, arcname=folder, filter=anonymous)


if __name__ == "__main__":
    main()
