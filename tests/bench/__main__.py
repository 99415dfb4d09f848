"""`make bench`: each figure as a ratio or median of one run. It informs; it never fails."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
import time

from bench.page import write_page
from bench.report import Curve, Figure
from bench.stored import Run, is_worse, load, new_run, save

SUBJECTS = (
    "startup", "boot", "upload", "job", "latency", "watch", "sockets", "slots", "segmenter",
    "models", "growth",
)  # fmt: skip


def main() -> None:
    """Measure the subjects asked for, print a table, and say what got worse."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=[], choices=[[], *SUBJECTS])
    parser.add_argument("--short", action="store_true", help="fewer rounds, for CI")
    parser.add_argument("--save", action="store_true", help="store the run, and write its page")
    options = parser.parse_args()
    sys.stdout.write(f"python {platform.python_version()}, {platform.machine()}\n")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # no start is to include compiling
    last = load()
    found: list[Figure | Curve] = []
    for subject in options.subjects or SUBJECTS:
        began = time.monotonic()
        for one in importlib.import_module(f"bench.{subject}").measure(short=options.short):
            found.append(one)
            show(one, last)
        sys.stdout.write(f"  ({subject}: {time.monotonic() - began:.0f} s)\n")
    figures = [one for one in found if isinstance(one, Figure)]
    show_worse(figures, last)
    if options.save:
        save(new_run(figures, [one for one in found if isinstance(one, Curve)]))
        write_page(load() or new_run([], []))


def show(one: Figure | Curve, last: Run | None) -> None:
    """Print one row, with what was stored."""
    if isinstance(one, Curve):
        points = ", ".join(f"{x:g}: {y:.3g}" for x, y in one.points)
        sys.stdout.write(f"{one.name} ({one.y} by {one.x}): {points}\n")
    else:
        before = stored(one, last)
        was = f"(was {before.value})" if before else ""
        sys.stdout.write(f"{one.name:58} {one.value:>22}  {one.wanted:14} {was}\n")
    sys.stdout.flush()


def show_worse(figures: list[Figure], last: Run | None) -> None:
    """Print what got worse since the stored run."""
    pairs = [(today, stored(today, last)) for today in figures]
    worse = [(now, before) for now, before in pairs if before and is_worse(now, before)]
    if last is not None:
        sys.stdout.write(f"worse than on {last.date}: {'' if worse else 'nothing'}\n")
    for now, before in worse:
        sys.stdout.write(f"  {now.name}: {before.value} → {now.value}\n")


def stored(figure: Figure, last: Run | None) -> Figure | None:
    """Return the figure of the same name in the stored run."""
    return next((f for f in last.figures if f.name == figure.name), None) if last else None


if __name__ == "__main__":
    main()
