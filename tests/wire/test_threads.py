"""Structs read for the first time by several threads at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

JOB = Path(__file__).parent / "golden" / "job_cancelled.json"
SCRIPT = """
import json, sys, threading
from fnt.wire.jobs import JobSnapshot
sys.setswitchinterval(1e-6)
payload = json.loads(sys.argv[1])
start = threading.Barrier(8)
def read():
    start.wait()
    JobSnapshot.from_wire(payload)
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
PROCESSES = 12
"""Before, about every third crashed: msgspec 0.22 fills in a type's fields while others read it."""


@pytest.mark.slow
def test_a_struct_may_be_read_first_by_many_threads() -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", SCRIPT, JOB.read_text()]) for _ in range(PROCESSES)
    ]

    assert [process.wait(timeout=60) for process in started] == [0] * PROCESSES
