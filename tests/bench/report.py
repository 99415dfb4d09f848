"""Figures and how they are taken: interleaved rounds, medians, ratios within one run."""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the report."""

    name: str
    value: str
    wanted: str = ""


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def processor_s(action: Callable[[], object]) -> float:
    """Return the processor time of the children an action waits for: what load changes little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def interleaved(actions: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Run all actions in turn, round after round, and return each one's median in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for action in actions.values():
        action()
    for _ in range(rounds):
        for name, action in actions.items():
            taken[name].append(seconds(action))
    return {name: statistics.median(times) for name, times in taken.items()}


def python(*args: str) -> Callable[[], object]:
    """Return an action that runs this Python with arguments, its output thrown away."""
    command = [sys.executable, *args]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def memory_kib(pids: Iterable[int]) -> int:
    """Return the memory that processes hold, each shared page counted once (Linux)."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return sum(int(re.findall(r"^Pss:\s+(\d+)", text, re.MULTILINE)[0]) for text in rollups)


def with_processor(wall_s: float, busy_s: float) -> str:
    """Write how long something took, and how much of it was work."""
    return f"{ms(wall_s)} (cpu {ms(busy_s)})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ms(value: float) -> str:
    """Write seconds as milliseconds."""
    return f"{value * 1000:.1f} ms"
