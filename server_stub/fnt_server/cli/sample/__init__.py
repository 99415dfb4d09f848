"""The sample story of `fnt-server demo`, as text and as a PDF."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

TITLE = "Le Dernier Passeur"


def story_pdf() -> Path:
    """Return the path of the typeset story in the installed package."""
    return Path(str(files(__name__) / "story.pdf"))


def story_text() -> str:
    """Return the story's exact text: paragraphs between blank lines, the title first."""
    return (files(__name__) / "story.txt").read_text(encoding="utf-8")
