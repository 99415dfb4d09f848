"""Flashcards: a deck for the book, with one for each chapter below it."""

from __future__ import annotations

import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from fnt.flow.results.chapters import numbered
from fnt.flow.results.result_formats import Sentences
from fnt.wire.results import Sentence

MODEL_ID: Final = 1_730_911_408
"""Identifies the note type; a constant, so that later imports find their notes."""
DECK_IDS: Final = 1 << 30
_CSS: Final = """
.card { font-family: serif; font-size: 24px; text-align: center; }
.place { color: grey; font-size: 16px; }
"""


def write(sentences: Sentences, target: Path, title: str) -> None:
    """Write a card per sentence: the sentence in front, its source and position on the back.

    Headings get no card. A note is identified by title, sentence, source, and occurrence, so that
    importing again updates notes instead of duplicating them.
    """
    import genanki  # type: ignore[import-untyped]  # noqa: PLC0415 -- optional

    model = _model(genanki)
    decks: dict[int, Any] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for number, sentence in numbered(sentences()):
        key = (sentence.text, sentence.source)
        seen[key] += 1
        if sentence.kind == "heading":
            continue
        if number not in decks:
            decks[number] = genanki.Deck(*_deck(title, number, sentence.chapter))
        place = ", ".join(filter(None, [sentence.chapter, f"p. {sentence.page}"]))
        decks[number].add_note(
            genanki.Note(
                model=model,
                fields=[html.escape(text) for text in (sentence.text, sentence.source, place)],
                guid=_digest(title, *key, str(seen[key])),
                tags=_tags(title, sentence),
            )
        )
    empty = [] if decks else [genanki.Deck(*_deck(title, 0, None))]
    genanki.Package([*decks.values(), *empty]).write_to_file(str(target))


def _model(genanki: Any) -> Any:
    return genanki.Model(
        MODEL_ID,
        "fnt: a short sentence",
        fields=[{"name": "Sentence"}, {"name": "Source"}, {"name": "Place"}],
        templates=[
            {
                "name": "Sentence",
                "qfmt": "{{Sentence}}",
                "afmt": '{{Sentence}}<hr id="answer">{{Source}}<p class="place">{{Place}}</p>',
            }
        ],
        css=_CSS,
    )


def _deck(title: str, number: int, chapter: str | None) -> tuple[int, str]:
    """Return id and name of a chapter's deck; the number keeps decks in the book's order."""
    name = f"fnt::{title.replace('::', ':')}"
    if chapter is None:
        return DECK_IDS + int(_digest(title)[:7], 16), name
    heading = " ".join(chapter.replace("::", ":").split())[:80]
    deck_id = DECK_IDS + int(_digest(title, str(number), chapter)[:7], 16)
    return deck_id, f"{name}::{number:03} {heading}"


def _tags(title: str, sentence: Sentence) -> list[str]:
    named: Iterable[tuple[str, object]] = (
        ("book", title),
        ("chapter", sentence.chapter),
        ("kind", sentence.kind),
    )
    return [f"{name}::{_word(text)}" for name, text in named if isinstance(text, str) and text]


def _word(text: str) -> str:
    """Return a text as a part of a tag, which has neither spaces nor quotation marks."""
    return re.sub(r"[^\w.-]+", "_", text).strip("_")[:80] or "_"


def _digest(*parts: str) -> str:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:20]
