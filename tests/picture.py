"""`make picture`: the live view of real runs, drawn for README (moving) and docs."""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

from e2e.harness import ClientHome, ServerProcess, running
from moving_picture import Frame, moving_svg, thinned
from pdfs import make_encrypted_pdf, make_pdf
from screen import ScreenCommand
from typeset import make_book

DOCS = Path(__file__).parent.parent / "docs"
NOVELS = {"le_passeur": 40, "la_riviere": 160, "les_saisons": 220, "un_hiver": 120, "le_bac": 90}
WIDTH = 92


def main() -> None:
    """Film an upload at its own speed, and draw slower ones at a telling moment."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with running(ServerProcess(root / "fast")) as server:
            server.wait_until_well()
            reader = _reader(server, root / "filmed")
            _film(reader, _novels(reader.folder), "live-view")
        with running(ServerProcess(root / "data", FNT_PACE_MS="900")) as server:
            reader = _reader(server, root / "home")
            only = _novels(reader.folder)[2]
            _draw(reader, [only], "live-view-1", when=lambda text: " left" in text)
            sixty = _stories(reader.folder, count=60)
            _draw(
                reader, sixty, "live-view-60", when=lambda text: text.count("✓") > 3 and "✗" in text
            )


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
    (folder / names[3]).write_bytes(make_encrypted_pdf())
    return names


def _uploading(reader: ClientHome, files: list[str]) -> tuple[str, ScreenCommand]:
    """Start a watched upload in a terminal; return what was typed, too."""
    shown = files[0] if len(files) == 1 else "*.pdf"
    command = ScreenCommand(
        [sys.executable, "-m", "fnt", "upload", *files, "-w", "--overwrite", "-o", "sentences"],
        environ=reader.environ, cwd=reader.folder, columns=WIDTH, lines=20,
    )  # fmt: skip
    return f"$ fnt upload {shown} --watch -o sentences", command


def _film(reader: ClientHome, files: list[str], picture: str) -> None:
    """Watch an upload to its end and draw all that it shows."""
    started = time.monotonic()
    line, command = _uploading(reader, files)
    typed = [(line, Style(bold=True))]
    frames = [Frame(at_s=0, rows=[typed])]
    try:
        is_open = True
        while is_open:
            is_open = command.look(0.1)
            frames.append(Frame(at_s=time.monotonic() - started, rows=[typed, *command.rows()]))
    finally:
        command.close()
    alt = f"{line}: {len(files)} novels are processed, each with a bar, then saved"
    _keep(moving_svg(thinned(frames), columns=WIDTH, alt=alt), picture)


def _draw(
    reader: ClientHome, files: list[str], picture: str, *, when: Callable[[str], object]
) -> None:
    """Watch an upload in a terminal and draw what it shows when the time has come."""
    line, command = _uploading(reader, files)
    try:
        command.wait_for(when, within_s=120)
        command.look(0.5)
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
        console.print(Text(f"{line}\n", style="bold") + command.styled())
        _keep(console.export_svg(title="fnt", theme=MONOKAI, unique_id=picture) + "\n", picture)
        command.press("d")
        command.finish()
    finally:
        command.close()


def _keep(svg: str, picture: str) -> None:
    path = DOCS / f"{picture}.svg"
    path.write_text(svg, encoding="utf-8")
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
