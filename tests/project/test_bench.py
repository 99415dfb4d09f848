"""What `make bench` stores, compares and draws."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench import stored
from bench.page import DOCS, drawn, page
from bench.report import Curve, Figure


@pytest.mark.parametrize(
    ("before", "today", "more_is_better", "is_worse"),
    [
        ("100 ms", "124 ms", False, False),
        ("100 ms", "125 ms", False, True),
        ("1.0 / 9.0 ms", "1.0 / 90.0 ms", False, False),
        ("100 MB/s", "80 MB/s", True, True),
        ("100 MB/s", "130 MB/s", True, False),
        ("not measured", "5 ms", False, False),
    ],
)
def test_only_what_is_worse_by_more_than_noise_is_told(
    before: str, today: str, more_is_better: bool, is_worse: bool
) -> None:
    figures = [Figure(name="x", value=v, more_is_better=more_is_better) for v in (today, before)]

    assert stored.is_worse(*figures) is is_worse


def test_a_plot_is_well_formed_and_shows_every_point() -> None:
    points = [(1.0, 2.0), (10.0, 20.0)]
    curves = [Curve(name=f"<{n}> & time", x="pages", y="s", points=points) for n in range(3)]

    plot = ElementTree.fromstring(drawn(curves))

    circles = list(plot.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(circles) == len(curves) * len(points)


def test_the_page_is_that_of_the_stored_run() -> None:
    run = stored.load()

    assert run is not None
    assert (DOCS / "benchmarks.md").read_text(encoding="utf-8") == page(run)
    assert (DOCS / "benchmarks.svg").read_text(encoding="utf-8") == drawn(run.curves)
