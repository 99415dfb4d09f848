"""The last stored run: written by `make bench SAVE=1`, compared with by every other."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.report import Curve, Figure

PATH = Path(__file__).with_name("last.json")
WORSE_FROM = 1.25
"""Times as much; less is noise on a machine that does other things too."""
LIBRARIES = ("flask-socketio", "celery", "sqlalchemy", "pypdfium2", "httpx")


class Run(msgspec.Struct, frozen=True):
    """What was measured, when, and where."""

    date: str
    machine: str
    versions: dict[str, str]
    figures: list[Figure]
    curves: list[Curve]


def new_run(figures: list[Figure], curves: list[Curve]) -> Run:
    """Return the run of today on this machine."""
    return Run(
        date=datetime.now(UTC).date().isoformat(),
        machine=f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load average {os.getloadavg()[2]:.0f}",
        versions={
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        figures=figures,
        curves=curves,
    )


def load() -> Run | None:
    """Return the last stored run."""
    return msgspec.json.decode(PATH.read_bytes(), type=Run) if PATH.exists() else None


def save(run: Run) -> None:
    """Store a run; subjects that were not measured today keep their last figures."""
    last = load()
    if last is not None:
        names = {one.name for one in [*run.figures, *run.curves]}
        run = msgspec.structs.replace(
            run,
            figures=[*(f for f in last.figures if f.name not in names), *run.figures],
            curves=[*(c for c in last.curves if c.name not in names), *run.curves],
        )
    PATH.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")


def is_worse(today: Figure, before: Figure) -> bool:
    """Return whether a figure is worse than before by more than noise."""
    now, then = _number(today.value), _number(before.value)
    if not now or not then:
        return False
    return (then / now if today.more_is_better else now / then) >= WORSE_FROM


def _number(value: str) -> float | None:
    found = re.match(r"[\d.]+", value.replace(" ", ""))
    return float(found[0]) if found else None
