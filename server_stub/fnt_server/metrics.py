"""What each process counts of its own doing; labels are words of ours, never a user's.

Where PROMETHEUS_MULTIPROC_DIR is set when this is imported, the counts lie in files there, so that
the counts of pool children, who come and go, can be told together.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram

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
