"""Sends events of many jobs at a fixed rate, by the way a worker's events take.

Called as `python -m bench.emitter FIRST LAST RATE SECONDS`, jobs by number; prints how many were
sent.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from itertools import count

from builders import make_snapshot
from fnt_server.config import Config
from fnt_server.messaging.broker import emit_job, make_manager


def main() -> None:
    """Send, spread evenly over time; what came late is made up for."""
    first, last, rate = map(int, sys.argv[1:4])
    seconds = float(sys.argv[4])
    manager = make_manager(Config.from_env(os.environ), write_only=True)
    job = make_snapshot().to_wire()
    began = time.perf_counter()
    for number in count():
        due = began + number / rate
        if due - began >= seconds:
            sys.stdout.write(str(number))
            return
        time.sleep(max(0.0, due - time.perf_counter()))
        job_id = first + number % (last - first + 1)
        updated_at = datetime.now(UTC).isoformat(timespec="microseconds")
        emit_job(manager, job_id, {**job, "id": job_id, "updated_at": updated_at})


if __name__ == "__main__":
    main()
