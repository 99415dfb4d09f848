"""The long book that is measured: a real novel where there is one, else a generated one."""

from __future__ import annotations

from pathlib import Path

from corpus import CORPUS
from typeset import make_book


def long_book(folder: Path, *, pages: int = 1000) -> Path:
    """Return a novel of about a thousand pages."""
    novel = CORPUS / "novels" / "monsieur_lecoq.pdf"
    if novel.exists():
        return novel
    path = folder / "long.pdf"
    make_book(pages, path)
    return path
