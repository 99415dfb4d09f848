"""How soon `fnt` answers, beside bare Python and a one-command Typer program."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.report import Figure, interleaved, ms

HELLO = """
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "you") -> None:
    print(name)


app()
"""


def measure(*, short: bool) -> Iterator[Figure]:
    """Time whole commands, interleaved."""
    fnt = str(Path(sysconfig.get_path("scripts")) / "fnt")
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder) / "hello.py"
        hello.write_text(HELLO)
        medians = interleaved(
            {
                "pass": _run(sys.executable, "-c", "pass"),
                "version": _run(fnt, "--version"),
                "help": _run(fnt, "--help"),
                "hello": _run(sys.executable, str(hello), "--help"),
            },
            rounds=5 if short else 25,
        )
    bare = medians["pass"]
    yield Figure(name="python -c pass", value=ms(bare))
    for name, other in (("version", "pass"), ("help", "pass"), ("help", "hello")):
        ratio = medians[name] / medians[other]
        against = {"pass": "python -c pass", "hello": "a Typer hello --help"}[other]
        wanted = {"version": "≤ 1.5", "help": "≤ 1.3" if other == "hello" else ""}[name]
        yield Figure(
            name=f"fnt --{name} / {against}",
            value=f"{ratio:.2f} ({ms(medians[name])})",
            wanted=wanted,
        )


def _run(*command: str) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, capture_output=True)
