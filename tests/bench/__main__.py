"""`make bench`: each figure as a ratio or median of one run. It informs; it never fails."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import time

from bench.report import Figure

SUBJECTS = ("startup", "boot", "upload", "job", "latency", "watch", "sockets", "slots", "segmenter")


def main() -> None:
    """Measure the subjects asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", default=[], choices=[[], *SUBJECTS])
    parser.add_argument("--short", action="store_true", help="fewer rounds, for CI")
    options = parser.parse_args()
    sys.stdout.write(f"python {platform.python_version()}, {platform.machine()}\n")
    for subject in options.subjects or SUBJECTS:
        began = time.monotonic()
        for figure in importlib.import_module(f"bench.{subject}").measure(short=options.short):
            show(figure)
        sys.stdout.write(f"  ({subject}: {time.monotonic() - began:.0f} s)\n")


def show(figure: Figure) -> None:
    """Print one row."""
    sys.stdout.write(f"{figure.name:58} {figure.value:>22}  {figure.wanted}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
