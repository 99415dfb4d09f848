"""How soon `fnt` answers, beside bare Python, a one-command Typer program and its peers."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.books import long_book
from bench.peers import peers
from bench.report import Figure, interleaved, ms, processor_s, with_processor
from builders import make_snapshot
from e2e.harness import clean_environ
from fnt.config.job_cache import MOST, remember
from fnt.config.settings import DEFAULT_SERVER

HELLO = """
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "you") -> None:
    print(name)


app()
"""

TAB = """
source "$1"
COMP_WORDS=(fnt watch "")
COMP_CWORD=2
_fnt
((${#COMPREPLY[@]} == 200))
"""

FNT = str(Path(sysconfig.get_path("scripts")) / "fnt")


def measure(*, short: bool) -> Iterator[Figure]:
    """Time whole commands, interleaved."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = _home(root)
        yield from _answers(root, home, rounds=5 if short else 25)
        rounds = 5 if short else 25
        book = long_book(root)
        yield _before_the_network(home, "jobs", "list", rounds=rounds, wanted="≤ 120 ms")
        yield _before_the_network(home, "upload", str(book), rounds=rounds, wanted="≤ 200 ms")
        if not short:
            yield from peers(root / "peers")


def _answers(root: Path, home: Mapping[str, str], *, rounds: int) -> Iterator[Figure]:
    hello, script = root / "hello.py", root / "completion.bash"
    hello.write_text(HELLO)
    script.write_bytes(subprocess.check_output([FNT, "completion", "bash"], env=home))
    actions = {
        "pass": _run(sys.executable, "-c", "pass", env=home),
        "version": _run(FNT, "--version", env=home),
        "help": _run(FNT, "--help", env=home),
        "hello": _run(sys.executable, str(hello), "--help", env=home),
        "jobs": _run(FNT, "__jobs", env=home),
        "bash": _run("bash", "--norc", "-c", "true", env=home),
        "tab": _run("bash", "--norc", "-c", TAB, "bash", str(script), env=home),
    }
    medians = interleaved(actions, rounds=rounds)
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
    busy = statistics.median(processor_s(actions["jobs"]) for _ in range(rounds))
    yield Figure(
        name=f"fnt __jobs, {MOST} jobs known",
        value=with_processor(medians["jobs"], busy),
        wanted="≤ 60 ms",
    )
    tab = medians["tab"] - medians["bash"]
    yield Figure(name="TAB after fnt watch in bash", value=ms(tab), wanted="≤ 40 ms")


def _before_the_network(home: Mapping[str, str], *command: str, rounds: int, wanted: str) -> Figure:
    """Time a command until it connects, to a listener that hangs up at once."""
    taken, busy = [], []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environ = {**home, "FNT_SERVER": url, "FNT_TOKEN": "fnt_nobody"}
        for _ in range(rounds + 1):
            began = time.perf_counter()
            process = subprocess.Popen(
                [FNT, *command], env=environ, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            connection, _ = listener.accept()
            taken.append(time.perf_counter() - began)
            process.kill()
            busy.append(processor_s(process.wait))
            connection.close()
            _forget_waiting(listener)
    words = [word for word in command if not word.endswith(".pdf")]
    return Figure(
        name=f"fnt {' '.join(words)} before the network",
        value=with_processor(statistics.median(taken[1:]), statistics.median(busy[1:])),
        wanted=wanted,
    )


def _forget_waiting(listener: socket.socket) -> None:
    """Take what a killed client may have asked for again."""
    listener.settimeout(0)
    try:
        while True:
            listener.accept()[0].close()
    except BlockingIOError:
        listener.settimeout(None)


def _home(root: Path) -> dict[str, str]:
    """Return the environment of a user who has seen many jobs."""
    environ = clean_environ(
        HOME=str(root / "home"), XDG_CONFIG_HOME=str(root / "config"), NO_COLOR="1",
        PATH=os.pathsep.join([str(Path(FNT).parent), os.environ["PATH"]]),
    )  # fmt: skip
    jobs = (make_snapshot(id=number) for number in range(1, MOST + 1))
    remember(root / "config" / "fnt", DEFAULT_SERVER, jobs)
    return environ


def _run(*command: str, env: Mapping[str, str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, capture_output=True, env=env)
