"""The benchmarks page: the stored run as a table and a plot."""

from __future__ import annotations

from html import escape
from pathlib import Path

from bench.report import Curve
from bench.stored import Run

DOCS = Path(__file__).parents[2] / "docs"
WIDTH, HEIGHT, MARGIN, COLUMNS = 400, 240, 48, 2


def write_page(run: Run) -> None:
    """Write `docs/benchmarks.md` and `docs/benchmarks.svg`."""
    (DOCS / "benchmarks.svg").write_text(drawn(run.curves), encoding="utf-8")
    (DOCS / "benchmarks.md").write_text(page(run), encoding="utf-8")


def page(run: Run) -> str:
    """Return the page in Markdown."""
    versions = ", ".join(f"{name} {number}" for name, number in run.versions.items())
    rows = [f"| {f.name} | {f.value} | {f.wanted} |" for f in run.figures]
    grown = [f"- {curve.name}: {curve.reason}" for curve in run.curves if curve.reason]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Written by `make bench SAVE=1`; `make bench` prints today's figures beside these and "
            "says what got worse. What they mean for a server of yours: [sizing](sizing.md).",
            "",
            f"Measured on {run.date}: {run.machine}; {versions}. Medians of one run.",
            "",
            "| what | measured | aim |",
            "|---|---|---|",
            *rows,
            "",
            "![How time and memory grow](benchmarks.svg)",
            "",
            *grown,
            "",
        ]
    )


def drawn(curves: list[Curve]) -> str:
    """Return an SVG with a small plot of each curve, from zero: what is linear is straight."""
    rows = -(-len(curves) // COLUMNS)
    plots = "".join(
        f'<g transform="translate({n % COLUMNS * WIDTH},{n // COLUMNS * HEIGHT})">'
        f"{_plot(curve)}</g>"
        for n, curve in enumerate(curves)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT}" '
        'font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>{plots}</svg>\n'
    )


def _plot(curve: Curve) -> str:
    most_x = max(x for x, _ in curve.points)
    most_y = max(y for _, y in curve.points)
    left, right, top, bottom = MARGIN, WIDTH - 20, 30, HEIGHT - MARGIN
    spots = [
        (
            round(left + x / most_x * (right - left), 1),
            round(bottom - y / most_y * (bottom - top), 1),
        )
        for x, y in curve.points
    ]
    line = " ".join(f"{x},{y}" for x, y in spots)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="#06c"/>' for x, y in spots)
    return (
        f'<text x="{left}" y="18" font-weight="bold">{escape(curve.name)}</text>'
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#999"/>'
        f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="2"/>{dots}'
        f'<text x="{left - 4}" y="{top + 4}" text-anchor="end">{most_y:.3g}</text>'
        f'<text x="{left - 4}" y="{bottom}" text-anchor="end">0</text>'
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">{most_x:g}</text>'
        f'<text x="{(left + right) / 2}" y="{bottom + 30}" text-anchor="middle">'
        f"{escape(curve.y)} by {escape(curve.x)}</text>"
    )
