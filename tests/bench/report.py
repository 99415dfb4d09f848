"""Figures and how they are taken: interleaved rounds, medians, ratios within one run."""

from __future__ import annotations

import os
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
    """The same in every run: what varies belongs to the value."""
    value: str
    """Begins with the number that is compared."""
    wanted: str = ""
    more_is_better: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How something grows: measured at some sizes, drawn on the benchmarks page."""

    name: str
    x: str
    y: str
    points: Sequence[tuple[float, float]]
    reason: str = ""
    """Why it is not a straight line, if it is not."""


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


def memory_kib(pids: Iterable[int], *, kind: str = "Pss") -> int:
    """Return the memory that processes hold: each shared page once, or for each (Rss). Linux."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    found = [re.findall(rf"^{kind}:\s+(\d+)", text, re.MULTILINE) for text in rollups]
    return sum(int(kib) for (kib,) in found)


def processor_of(pid: int) -> float:
    """Return the processor time of a process and of its children that have ended (Linux)."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


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
