"""Normalizes characters, and rejects files whose text is not readable."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Set
from itertools import product
from typing import Final

from msgspec.structs import replace

from fnt.wire.error_codes import JobErrorCode
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.layout.geometry import HYPHEN, SOFT_HYPHEN, Page

_LIGATURES = {ord(ligature): unicodedata.normalize("NFKC", ligature) for ligature in "ﬀﬁﬂﬃﬄﬅﬆ"}
_PRIVATE_LIGATURES = {0xF001: "fi", 0xF002: "fl"}
"""Where fonts of the 1990s keep them, in the private use area."""
_INVISIBLE = dict.fromkeys(
    [*range(0x02), *range(0x03, 0x09), *range(0x0B, 0x20), 0x7F, *range(0x200B, 0x2010)]
)
_INVISIBLE.update(dict.fromkeys([0x2060, 0xFEFF, *range(0xFFF9, 0xFFFD)]))
_TABLE = {
    **_LIGATURES,
    **_INVISIBLE,
    **_PRIVATE_LIGATURES,
    0x0131: "i",
    ord("≪"): "«",
    ord("≫"): "»",
}
_CORK_LIGATURE = re.compile(r"[\x1b-\x1f](?:(?<=[a-zà-ÿ].)|(?=[a-zà-ÿ]))")
_CORK = {
    **dict(zip(range(0x10, 0x17), "“”„«»–—", strict=True)),
    **dict(zip(range(0x1B, 0x20), ("ff", "fi", "fl", "ffi", "ffl"), strict=True)),
    0xD7: "Œ",
    0xF7: "œ",
}
"""TeX's Cork encoding where it differs from Latin-1: its bitmap fonts name no characters."""
_SPACES = re.compile(r"[ \t]{2,}")
_COMPOSED_TOGETHER = re.compile(r"[\x00-\x7f]*[^\x00-\x7f]{0,64}")
"""What is brought into composed form at a time: to sort many marks on a letter is quadratic."""
_LOOSE_POINT = re.compile(r"[ \xa0\u2002-\u200a\u202f](?=[,.](?:\s|$))")
_NEGATION_SIGN = re.compile(r"¬\s*$")
"""Stands for the hyphen at a line's end in text that was recognized."""

_LOST_SPACE = re.compile(
    r"(?<=[a-zà-ÿ][.!?…])(?=[A-ZÀ-Þ][a-zà-ÿ’'])"
    r"|(?<=[a-zà-ÿ],)(?=[a-zà-ÿ])"
    r"|(?<![^\W\d_])(à|au|avec|chez|dans|de|des|du|en|est|et|la|le|les|mais|ni|ou|par|pour|que|qui"
    r"|sans|sous|sur|un|une|vers)(?=[A-ZÀ-Þ][a-zà-ÿ])"
)
"""Missing spaces, which kerning made too narrow: `soir.Quand`, `àThomas`."""
_MAY_LACK_SPACE = r"(?<=,)(?=[a-zà-ÿ])|(?<=[a-zà-ÿ.!?…][A-ZÀ-Þ])(?=[a-zà-ÿ’'])"
"""After a comma or a capital: where `_LOST_SPACE` may find something."""
_CROWDED = re.compile(f"[,A-ZÀ-Þ](?:{_MAY_LACK_SPACE})")

ACCENTS = {"´": "\u0301", "`": "\u0300", "ˆ": "\u0302", "¨": "\u0308", "¸": "\u0327"}
_ACCENT_FIRST = re.compile(r"([´`ˆ¨¸])\s?([aceiouyACEIOUYı])")
_CEDILLA_LAST = re.compile(r"([cC])\s?¸\s?")

_ODD = rf"{re.escape(''.join(map(chr, _TABLE)))}´`ˆ¨¸\u0300-\u036f¬"
_SUSPECT = re.compile(
    rf"[{_ODD},.A-ZÀ-Þ]"
    rf"(?:(?<=[{_ODD}])|(?<=[ \xa0\u2002-\u200a\u202f][,.])|{_MAY_LACK_SPACE})"
)
"""Matches text that needs cleaning; most pages do not, and checking is cheaper.

Begins with all it may find, as other patterns here do: `re` then skips what is between.
"""

_UNREADABLE = re.compile("[\ud800-\udfff\ue000-\uf8ff\ufffd]")
"""What fonts without a character map produce."""
LOST = "\ufffd"
"""A character that the file does not name."""
_LOST_IN_WORD = re.compile(rf"(?<![^\W\d_])[^\W\d_]*+(?:{LOST}[^\W\d_]*+)++")
_LOST_LIGATURES = ("fi", "fl", "ff", "ffi", "ffl")
_MOST_LOST: Final = 3
"""Lost characters in a word that are tried; more are too many to be sure of."""
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = frozenset(
    """de la le les et à un une des que qui il elle je ne pas en du dans est se ce au pour sur son
    the of and to in that was he it his der die und das ich el los que del lo di il che non per
    """.split()
)
_FEWEST_COMMON: Final = 0.05
_MIN_WORDS = 300
"""Minimum number of words needed to recognize the language by its function words."""

_NO_TEXT = "the PDF has no readable text: run OCR first, for example with ocrmypdf"


def is_unreadable(text: str) -> bool:
    """Return whether it has a character that the file does not name."""
    return LOST in text


def reads_as_text(text: str) -> bool:
    """Return whether a page has as many function words as text in a language has."""
    words = _WORD.findall(text.lower())
    return sum(map(_COMMON.__contains__, words)) >= max(1, _FEWEST_COMMON * len(words))


def clean_pages(pages: Iterable[Page]) -> list[Page]:
    """Return the pages with composed accents and without ligatures or invisible characters."""
    pages = list(pages)
    texts = list(map(_text_of, pages))
    split_accents = any("´" in text for text in texts)
    if any(map(_CORK_LIGATURE.search, texts)):
        pages = [_decoded(page) for page in pages]
        texts = list(map(_text_of, pages))
    return _with_ligatures(
        [
            _clean_page(page, split_accents=split_accents) if _SUSPECT.search(text) else page
            for page, text in zip(pages, texts, strict=True)
        ]
    )


def _text_of(page: Page) -> str:
    return "\n".join([line.text for line in page.lines])


def _with_ligatures(pages: list[Page]) -> list[Page]:
    """Return the pages with ligatures the file does not name, where the book has the word whole."""
    if not any(LOST in line.text for page in pages for line in page.lines):
        return pages
    known = {
        word
        for page in pages
        for line in page.lines
        for word in _WORD.findall(_LOST_IN_WORD.sub(" ", line.text.lower()))
    }
    return [
        replace(
            page,
            lines=tuple(
                replace(line, text=_LOST_IN_WORD.sub(lambda m: _repaired(m[0], known), line.text))
                if LOST in line.text
                else line
                for line in page.lines
            ),
        )
        for page in pages
    ]


def _repaired(word: str, known: Set[str]) -> str:
    """Return the one word the book has with ligatures in the gaps, or the word as it is."""
    pieces = word.split(LOST)
    if len(pieces) - 1 > _MOST_LOST:
        return word
    found = []
    for ligatures in product(_LOST_LIGATURES, repeat=len(pieces) - 1):
        whole = pieces[0] + "".join(map("".join, zip(ligatures, pieces[1:], strict=True)))
        if whole.lower() in known:
            found.append(whole)
    return found[0] if len(found) == 1 else word


def _decoded(page: Page) -> Page:
    lines = (replace(line, text=line.text.translate(_CORK)) for line in page.lines)
    return replace(page, lines=tuple(lines))


def _clean_page(page: Page, *, split_accents: bool) -> Page:
    cleaned = (
        replace(line, text=clean_text(line.text, split_accents=split_accents))
        if _SUSPECT.search(line.text)
        else line
        for line in page.lines
    )
    return replace(page, lines=tuple(line for line in cleaned if line.text.strip(HYPHEN)))


def clean_text(text: str, *, split_accents: bool = False) -> str:
    """Return the text in composed form, `split_accents` if accents stand beside their letters."""
    text = _NEGATION_SIGN.sub(SOFT_HYPHEN + HYPHEN, text.translate(_TABLE))
    if split_accents:
        text = _CEDILLA_LAST.sub(lambda m: m[1] + ACCENTS["¸"], text)
        text = _ACCENT_FIRST.sub(lambda m: m[2].replace("ı", "i") + ACCENTS[m[1]], text)
    if not unicodedata.is_normalized("NFC", text):
        text = _COMPOSED_TOGETHER.sub(lambda m: unicodedata.normalize("NFC", m[0]), text)
    if _CROWDED.search(text):
        text = _LOST_SPACE.sub(r"\1 ", text)
    return _LOOSE_POINT.sub("", _SPACES.sub(" ", text)).strip(" ")


def check_readable(pages: Iterable[Page]) -> None:
    """Raise PdfRejected if the pages have no text, or none that makes sense to a reader."""
    letters = odd = total = common = 0
    for page in pages:
        text = _text_of(page).lower()
        words = _WORD.findall(text)
        letters += sum(map(len, words))
        odd += len(_UNREADABLE.findall(text))
        total += len(words)
        common += sum(map(_COMMON.__contains__, words))
    strange = total >= _MIN_WORDS and common < _FEWEST_COMMON * total
    if letters == 0 or odd > 0.2 * (letters + odd) or strange:
        raise PdfRejected(JobErrorCode.PDF_NO_TEXT, _NO_TEXT)
