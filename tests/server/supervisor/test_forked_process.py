"""What `run` forks: a process of its own, with nothing of its parent's but what is imported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CHILD = """
import json, os, signal, socket, sys, time
from fnt_server.supervisor.forked_process import ForkedProcess

signal.signal(signal.SIGTERM, lambda *_: None)
kept, other = socket.socket(), open(os.devnull)

def look():
    names = [os.readlink(f"/proc/self/fd/{n}") for n in map(int, os.listdir("/dev/fd")) if n > 2
             and os.path.exists(f"/proc/self/fd/{n}")]
    print(json.dumps({
        "open": [name.partition(":")[0] for name in names],
        "leads": os.getsid(0) == os.getpid(),
        "name": open("/proc/self/comm").read().strip(),
    }), flush=True)
    sys.exit(7)

status = ForkedProcess("web", look, fd=kept.fileno()).wait()
sleeper = ForkedProcess("worker", lambda: time.sleep(60))
while open(f"/proc/{sleeper.pid}/comm").read().strip() != "fnt-worker":
    time.sleep(0.01)
running = sleeper.poll()
sleeper.send_signal(signal.SIGTERM)
print(json.dumps([status, running, sleeper.wait()]))
"""


def test_a_forked_process_keeps_one_descriptor_and_none_of_the_signal_handlers() -> None:
    """A pipe or lock of its parent's would outlive the parent in it."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60, check=True
    )

    seen: dict[str, Any] = json.loads(done.stderr)
    assert seen == {"open": ["socket"], "leads": True, "name": "fnt-web"}
    assert json.loads(done.stdout) == [7, None, -signal.SIGTERM]


COUNTING = """
import os
from fnt_server import metrics
from fnt_server.supervisor.forked_process import ForkedProcess

def count():
    pipes = [end for _ in range(9) for end in os.pipe()]
    metrics.STEPS_LOST.inc()  # closes what its parent had open
    for end in pipes:
        os.fstat(end)

raise SystemExit(ForkedProcess("web", count).wait())
"""


def test_counting_in_a_forked_process_closes_no_descriptor_of_its_own(tmp_path: Path) -> None:
    environ = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    subprocess.run([sys.executable, "-c", COUNTING], env=environ, timeout=60, check=True)

    assert len(list(tmp_path.glob("counter_*"))) == 2


def test_run_leaves_out_what_libraries_import_only_if_it_is_there(tmp_path: Path) -> None:
    code = """
import sys
from fnt_server.__main__ import main

sys.argv = ["fnt-server", "run", "--host", "nowhere.invalid", "--data-dir", sys.argv[1]]
try:
    main()
except SystemExit as end:
    print(end.code, *sorted({"cryptography.x509", "requests"} & set(sys.modules)))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "data")]

    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout.split() == ["2"]


def test_what_run_imports_is_what_its_processes_share() -> None:
    """Each start pays for it, and each process holds it."""
    code = """
import sys
import fnt_server.cli.commands, fnt_server.cli.programs, fnt_server.supervisor.supervisor
from fnt_server.db import schema
from fnt_server.db.connection import Database

database = Database(sys.argv[1])
schema.require_current(database)
schema.migrate(database)
print(*sorted({"alembic", "celery.bin", "flask", "gunicorn", "pypdf", "rich"} & set(sys.modules)))
"""
    prepare = (
        "import sys; from fnt_server.db import connection, schema;"
        "schema.migrate(connection.Database(sys.argv[1]))"
    )
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/fnt.db"
        for script in (prepare, code):
            done = subprocess.run(
                [sys.executable, "-c", script, url], capture_output=True, text=True, check=True
            )

    assert done.stdout.split() == []
