"""`make picture`: the live view of a real run, drawn as docs/live-view.svg."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from e2e.harness import ClientHome, ServerProcess, running
from screen import ScreenCommand
from typeset import make_book

PICTURE = Path(__file__).parent.parent / "docs" / "live-view.svg"
BOOKS = {"le_passeur": 40, "la_riviere": 160, "les_saisons": 220, "un_hiver": 120}
WIDTH = 92


def main() -> None:
    """Run a server and a watched upload, and draw the moment when one book is done."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with running(ServerProcess(root / "data", FNT_PACE_MS="900")) as server:
            draw(_watched(_reader(server, root / "home")), PICTURE)
    sys.stdout.write(f"{PICTURE}\n")


def _reader(server: ServerProcess, folder: Path) -> ClientHome:
    server.add_user("reader@example.org")
    home = ClientHome(folder, server.url).login("reader@example.org")
    for name in ("NO_COLOR", "COLUMNS"):
        home.environ.pop(name)
    home.environ["COLORTERM"] = "truecolor"
    for seed, (name, pages) in enumerate(BOOKS.items()):
        make_book(pages, home.folder / f"{name}.pdf", seed=seed)
    return home


def _watched(home: ClientHome) -> Text:
    names = [f"{name}.pdf" for name in BOOKS]
    command = ScreenCommand(
        [sys.executable, "-m", "fnt", "upload", *names, "--watch", "-o", "sentences"],
        environ=home.environ, cwd=home.folder, columns=WIDTH, lines=20,
    )  # fmt: skip
    try:
        command.wait_for(lambda text: "✓" in text and "left" in text, within_s=120)
        command.look(1.0)
        prompt = Text("$ fnt upload *.pdf --watch -o sentences\n", style="bold")
        return prompt + command.styled()
    finally:
        command.close()


def draw(screen: Text, path: Path) -> None:
    """Write a screen as SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(screen)
    path.write_text(
        console.export_svg(title="fnt", theme=MONOKAI, unique_id="fnt-live-view") + "\n"
    )


if __name__ == "__main__":
    main()
