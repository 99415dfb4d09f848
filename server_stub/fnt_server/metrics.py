"""Every metric, by name; labels never contain user data. `monitoring.exporter` serves them.

If PROMETHEUS_MULTIPROC_DIR is set on import, counts are stored in files there, so that one process
can export those of all pool children. A new child continues the files of the one it replaces, so
that files of dead children do not accumulate.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from billiard import current_process
from prometheus_client import Counter, Histogram, values


def _who_counts() -> str:
    place = getattr(current_process(), "index", None)
    return str(os.getpid()) if place is None else f"slot{place}"


if values.ValueClass._multiprocess:
    values.ValueClass = values.MultiProcessValue(_who_counts)  # type: ignore[no-untyped-call]

STEP_SECONDS = Histogram(
    "fnt_step_seconds",
    "Step duration in seconds, by kind and outcome.",
    ["kind", "outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
STEPS_FAILED = Counter("fnt_steps_failed", "Failed step attempts, by code.", ["kind", "code"])
STEPS_LOST = Counter("fnt_steps_lost", "Steps reclaimed from lost workers.")
REAPER_PASSES = Counter("fnt_reaper_passes", "Passes of the reaper, by outcome.", ["outcome"])
EVENTS_PUBLISHED = Counter("fnt_events_published", "Job events handed to the event bus.")
EVENTS_DROPPED = Counter(
    "fnt_events_dropped", "Job events lost: bus unreachable, or queue full.", ["reason"]
)

GAUGES = {
    "fnt_sockets": "Live connections of this process.",
    "fnt_database_up": "Whether the database answers.",
    "fnt_broker_up": "Whether the broker answers.",
    "fnt_events_up": "Whether this process hears the events of the others.",
    "fnt_storage_up": "Whether the storage answers.",
    "fnt_reaper_up": "Whether the reaper's passes succeed.",
    "fnt_database_connections": "Open connections of the PostgreSQL server.",
    "fnt_database_connections_max": "Its max_connections.",
    "fnt_jobs": "Jobs by status.",
    "fnt_steps": "Steps waiting or running.",
    "fnt_queue_age_seconds": "How long the oldest ready step has waited.",
    "fnt_workers": "Workers with a recent heartbeat.",
    "fnt_worker_slots": "Steps they can run at once.",
}
"""Gauges that the exporter reads from the database or its own process."""


def open_files() -> set[int]:
    """Return the descriptors of the files of counts; after a fork, their library closes them."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    found: set[int] = set()
    with suppress(OSError):
        files = [path.stat() for path in Path(folder).iterdir()] if folder else []
        for descriptor in map(int, os.listdir("/dev/fd") if files else ()):  # noqa: PTH208 -- numbers
            with suppress(OSError):  # that of the list itself
                opened = os.fstat(descriptor)
                if any(os.path.samestat(opened, file) for file in files):
                    found.add(descriptor)
    return found
