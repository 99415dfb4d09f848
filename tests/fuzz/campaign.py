"""Runs one fuzzer over many seeds, and saves the input that fails.

In the suite the seeds are fixed, so that a run says nothing new about an old program. With
FNT_TEST_FUZZ_MINUTES they begin at random and end with the time; FNT_TEST_FUZZ_SEED begins with
that one.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parents[2] / "build" / "fuzz"
SEEDS = 1 << 32


def run(
    name: str,
    make: Callable[[Random], bytes],
    check: Callable[[bytes], None],
    *,
    cases: int,
) -> None:
    """Check what `make` makes; a failure names its seed and the file with the input."""
    first, time_min = seed_of_run(), minutes()
    ends_at = None if time_min is None else time.monotonic() + 60 * time_min
    print(f"\nfuzz {name}: seeds from {first}")  # noqa: T201
    seed = first
    for seed in itertools.count(first):
        if ends_at is None and seed >= first + cases:
            break
        if ends_at is not None and seed > first and time.monotonic() >= ends_at:
            break
        data = make(Random(f"{name} {seed}"))
        try:
            check(data)
        except BaseException as failure:
            failure.add_note(
                f"fuzz {name}: seed {seed}, the input is in {save(name, str(seed), data)}\n"
                f"again: make fuzz SEED={seed} ONLY={name}"
            )
            raise
    print(f"fuzz {name}: {seed - first} cases")  # noqa: T201


def save(name: str, label: str, data: bytes) -> Path:
    """Keep an input that failed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}-{label}"
    path.write_bytes(data)
    return path


def minutes() -> float | None:
    """Return how long each fuzzer runs; None: as many cases as it has in the suite."""
    given = os.environ.get("FNT_TEST_FUZZ_MINUTES")
    return float(given) if given else None


def seed_of_run() -> int:
    """Return the seed to begin with: the one given, 0 in the suite, or any."""
    given = os.environ.get("FNT_TEST_FUZZ_SEED")
    if given:
        return int(given)
    return 0 if minutes() is None else random.randrange(SEEDS)
