"""`make picture`: the live view of real runs with 1, 5 and 60 jobs, drawn for the docs."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from e2e.harness import ClientHome, ServerProcess, running
from pdfs import make_pdf
from screen import ScreenCommand
from typeset import make_book

DOCS = Path(__file__).parent.parent / "docs"
NOVELS = {"le_passeur": 40, "la_riviere": 160, "les_saisons": 220, "un_hiver": 120, "le_bac": 90}
WIDTH = 92


def main() -> None:
    """Run a server and three watched uploads, and draw each at a telling moment."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with running(ServerProcess(root / "data", FNT_PACE_MS="900")) as server:
            reader = _reader(server, root / "home")
            (only, *_) = five = _novels(reader.folder)
            _draw(reader, [only], "live-view-1", when=lambda text: "left" in text)
            _draw(reader, five, "live-view", when=lambda text: "✓" in text and "left" in text)
            sixty = _stories(reader.folder, count=60)
            _draw(reader, sixty, "live-view-60", when=lambda text: "✓" in text and " more" in text)


def _reader(server: ServerProcess, folder: Path) -> ClientHome:
    server.add_user("reader@example.org")
    home = ClientHome(folder, server.url).login("reader@example.org")
    for name in ("NO_COLOR", "COLUMNS"):
        home.environ.pop(name)
    home.environ["COLORTERM"] = "truecolor"
    return home


def _novels(folder: Path) -> list[str]:
    for seed, (name, pages) in enumerate(NOVELS.items()):
        make_book(pages, folder / f"{name}.pdf", seed=seed)
    return [f"{name}.pdf" for name in NOVELS]


def _stories(folder: Path, *, count: int) -> list[str]:
    names = [f"conte_{number:02}.pdf" for number in range(1, count + 1)]
    for number, name in enumerate(names):
        (folder / name).write_bytes(make_pdf(pages=1 + number % 3))
    return names


def _draw(
    reader: ClientHome, files: list[str], picture: str, *, when: Callable[[str], object]
) -> None:
    """Watch an upload in a terminal and draw what it shows when the time has come."""
    shown = files[0] if len(files) == 1 else "*.pdf"
    prompt = Text(f"$ fnt upload {shown} --watch -o sentences\n", style="bold")
    options = ["--watch", "--overwrite", "-o", "sentences"]
    command = ScreenCommand(
        [sys.executable, "-m", "fnt", "upload", *files, *options],
        environ=reader.environ, cwd=reader.folder, columns=WIDTH, lines=20,
    )  # fmt: skip
    try:
        command.wait_for(when, within_s=120)
        command.look(0.5)
        _write(prompt + command.styled(), DOCS / f"{picture}.svg")
        command.press("d")
        command.finish()
    finally:
        command.close()


def _write(screen: Text, path: Path) -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(screen)
    path.write_text(console.export_svg(title="fnt", theme=MONOKAI, unique_id=path.stem) + "\n")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
