"""Title pages: how they are told, and what they say about title and author."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

_TITLE_WORDS = re.compile(
    r"\b(?:romans?|nouvelles?|contes?|récits?|poésies|théâtre|éditeurs?|libraires?|librairie"
    r"|éditions?|collection|bibliothèque|illustr\w+|traduit|traduction|tome [ivx\d]+|texte intégral"
    r"|œuvres (?:complètes|choisies)|oeuvres complètes|préface de|volume [ivx\d]+|beq"
    r"|auteur d[eu])\b",
    re.IGNORECASE,
)
_PLACE_OR_YEAR = re.compile(
    r"^\W*(?:paris|bruxelles|genève|lausanne|lyon|londres|montréal|leipzig|tours|rouen|lille"
    r"|marseille|bordeaux|québec|milan|new[- ]york)\b.{0,60}$|^\W*(?:1[5-9]|20)\d\d\W*$"
    r"|^\W*(?:m[dclxvi]{3,})\W*$|[,–—-] (?:1[5-9]|20)\d\d\W*$|^\(?\d{4}\s?[-–—]\s?\d{4}\)?$",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"^\W*(?:(?P<title>title|titre)|author|auteure?)\s?:\s*(?P<value>\S.{2,150})$", re.IGNORECASE
)
_BY = re.compile(r"^\W*(?:par|by)\s?:?\s+(?P<name>.{3,60})$", re.IGNORECASE)
_SLASHED = re.compile(r"(?P<title>.{3,150}?) / (?:par )?(?P<author>[^/]{3,60})$")
_PAR_ALONE = re.compile(r"(?<!\W)\W*(?:par|de)\W*", re.IGNORECASE)
_NAME = re.compile(
    r"(?<!\S)(?:(?:[A-ZÀ-Þ][\w’'.-]{0,30}|d[’'][A-ZÀ-Þ]\w{1,30}|de|du|des|la|le|von|van|et)\s){1,5}"
    r"[A-ZÀ-Þ][\w’'-]{1,30}"
)
_NO_NAME = re.compile(
    r"\b(?:le|la|les|un|une|au|aux|dans|éditeurs?|frères|librairie|chapitre|partie|tome"
    r"|livre|roman|rue|édition|paris)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^\W*(?:chapitre|livre|partie|tome|acte|scène|lettre|prologue|préface|avant-propos|introduction"
    r"|épilogue|conclusion|dédicace|avertissement|(?:premi|deuxi|secon|troisi)\w+ "
    r"(?:partie|livre|chapitre|acte))\b|^\W*(?:[ivxlc]+|\d{1,3})\W*$",
    re.IGNORECASE,
)
DEDICATION = re.compile(
    r"^\W*(?:[aàAÀ]|[pP]our|[eE]n (?:souvenir|mémoire|hommage))\s(?!(?:vol|paris)\b)", re.UNICODE
)
_MACHINE = re.compile(
    r"microsoft word|\.(?:docx?|odt|rtf|indd|qxd|pdf|tex|txt|html?|dvi|fm|pages)\b|\bsans titre"
    r"|\buntitled|^document ?\d*$|^(?:nouveau|new) |powerpoint|openoffice|^layout|^\W*$|^none$"
    r"|https?:|www\.|\.(?:com|net|org|fr)\b|_|^\d+$|^(?:title|titre|book|livre|ebook|cover)$",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"^(?:admin\w*|user|owner|unknown|inconnue?|utilisateur|administrat\w+|anonym\w+|author|auteur"
    r"|pc|hp|asus|acer|dell|windows|mac\w*|default|root|scanner|tex|pdf\w*|proprio|propriétaire"
    r"|home|test|guest|invité)\b|@|ebooks?|\d{3}",
    re.IGNORECASE,
)
_MOST_CHARS: Final = 200
_TITLE_WORD_COUNT: Final = 15


def plausible_title(text: str | None) -> str | None:
    """Return what a file says is its title, unless a program made it up."""
    text = _printable(text)
    return text if text and not _MACHINE.search(text) and _has_letters(text, 2) else None


def plausible_author(text: str | None) -> str | None:
    """Return what a file says is its author, unless it names a machine or a site."""
    text = plausible_title(text)
    if text is None or _NOBODY.search(text) or (text.islower() and " " not in text):
        return None
    last, comma, first = text.partition(", ")
    is_inverted = comma and " " not in last and first and "," not in first
    return f"{first} {last}" if is_inverted else text


def normalized(text: str) -> str:
    """Return letters and digits alone, without case and accents, to compare what is printed."""
    bare = unicodedata.normalize("NFKD", text.lower())
    return "".join(char for char in bare if char.isalnum())


def is_label(text: str) -> bool:
    """Return whether a heading counts or names a part of the text."""
    return bool(_LABEL.search(text))


def names(title: str | None, text: str) -> bool:
    """Return whether a short text is the title or the author, or begins or ends with it."""
    if not title:
        return False
    known, shown = normalized(title), normalized(text)
    return len(shown) > 2 and (known in shown or shown in known) and len(shown) < 3 * len(known)


def says_title(texts: Iterable[str], *, known: Sequence[str | None]) -> bool:
    """Return whether short texts of one page are a title page."""
    return any(
        _TITLE_WORDS.search(text)
        or _PLACE_OR_YEAR.search(text)
        or any(names(one, text) for one in known)
        for text in texts
    )


def read_title_page(
    shown: Sequence[tuple[str, float]], *, title: str | None, author: str | None
) -> tuple[str | None, str | None]:
    """Return title and author from the texts of a title page and their sizes."""
    largest = max((size for _, size in shown), default=0.0)
    shown = [
        (text, size)
        for text, size in shown
        if not _is_other(text, is_large=size > 0.97 * largest and size > 1.05 * shown[-1][1])
    ]
    if author is None:
        author = _author_of(shown)
    slashed = next((found for text, _ in shown if (found := _SLASHED.match(text))), None)
    if slashed and author is None:
        return title or slashed["title"], slashed["author"]
    rest = [(text, size) for text, size in shown if not names(author, text)]
    if title is None and rest:
        largest = max(size for _, size in rest)
        lines = list(dict.fromkeys(text for text, size in rest if size > 0.97 * largest))
        whole = " ".join(lines[:3] if largest > min(size for _, size in shown) else lines[:1])
        title = whole.strip(" .") if len(whole.split()) <= _TITLE_WORD_COUNT else None
    return title, author


def read_labeled(lines: Iterable[str]) -> tuple[str | None, str | None]:
    """Return title and author from lines such as `Title: X` and `Auteur : Y`."""
    title = author = None
    for line in lines:
        if said := _SAID.match(line):
            if said["title"]:
                title = title or plausible_title(said["value"])
            else:
                author = author or plausible_author(said["value"])
    return title, author


def _author_of(shown: Sequence[tuple[str, float]]) -> str | None:
    for k, (text, _) in enumerate(shown):
        by = _BY.match(text)
        if by and _has_letters(by["name"], 3):
            return by["name"].strip(" .")
        if _PAR_ALONE.fullmatch(text) and k + 1 < len(shown):
            return shown[k + 1][0].strip(" .")
    if len(shown) < 2:
        return None
    largest = max(size for _, size in shown)
    candidates = [
        text.strip(" .")
        for text, size in shown
        if _NAME.fullmatch(text.strip(" .")) and not _NO_NAME.search(text)
    ]
    smaller = [text for text, size in shown if size < 0.97 * largest]
    if not smaller:
        return candidates[0] if len(candidates) == 1 else None
    return next((name for name in candidates if any(name in text for text in smaller)), None)


def _is_other(text: str, *, is_large: bool) -> bool:
    """Return whether a line of a title page is neither title nor author."""
    words = len(text.split())
    return bool(_PLACE_OR_YEAR.search(text) and words < 12) or (
        not is_large and words < 6 and bool(_TITLE_WORDS.search(text)) and not _BY.match(text)
    )


def _printable(text: str | None) -> str | None:
    if text is None:
        return None
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MOST_CHARS]


def _has_letters(text: str, least: int) -> bool:
    return sum(map(str.isalpha, text)) >= least
