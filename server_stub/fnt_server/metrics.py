"""Every metric, by name; labels never contain user data. `monitoring.exporter` serves them.

Where PROMETHEUS_MULTIPROC_DIR is set when this is imported, the counts lie in files there, so that
the counts of pool children, who come and go, can be told together. A child counts on in the files
of the one whose place it took: those of children long gone would be read again each time.
"""

from __future__ import annotations

import os

from billiard import current_process
from prometheus_client import Counter, Histogram, values


def _who_counts() -> str:
    place = getattr(current_process(), "index", None)
    return str(os.getpid()) if place is None else f"slot{place}"


if values.ValueClass._multiprocess:
    values.ValueClass = values.MultiProcessValue(_who_counts)  # type: ignore[no-untyped-call]

STEP_SECONDS = Histogram(
    "fnt_step_seconds",
    "Time a step took, by what it was and how it ended.",
    ["kind", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
STEPS_FAILED = Counter("fnt_steps_failed", "Steps whose work failed, by reason.", ["kind", "code"])
STEPS_LOST = Counter("fnt_steps_lost", "Steps taken back from a worker that was lost.")
EVENTS_PUBLISHED = Counter("fnt_events_published", "Job events handed to the event bus.")
EVENTS_DROPPED = Counter(
    "fnt_events_dropped", "Job events lost: the bus was away, or too many waited.", ["reason"]
)

GAUGES = {
    "fnt_sockets": "Live connections of this process.",
    "fnt_database_up": "Whether the database answers.",
    "fnt_jobs": "Jobs by status.",
    "fnt_steps": "Steps that wait or run.",
    "fnt_queue_age_seconds": "Since when the oldest step waits.",
    "fnt_workers": "Workers that have shown life.",
    "fnt_worker_slots": "Steps they can run at once.",
}
"""What the exporter asks the database, or its own process, for."""
