"""Web addresses, file names and identifiers: whether they continue across a line end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

_HINT = re.compile(r"[/_@.](?:(?<!\.)|(?=\w))")
"""What every identifier holds; begins with all it may find, so `re` skips what is between."""
_INSIDE = re.compile(r"://|[^\W_][/_@][^\W_]|[^\W\d_]\.[^\W_]")
_STARTS: Final = ("/", "./", "../", "~/", "www.")
WRAPPING: Final = "()[]{}<>«»“”\"'’,;:.!?…\xa0\u202f"
_OPENING: Final = "([{<«“\"'’\xa0\u202f"
_PART = re.compile(r"[^\W\d_]+")
_LONGEST: Final = 200
_FUNCTION_WORDS: Final = frozenset(
    """a à au aux avec car ce ces cette comme contient d dans de des dont du elle en est et il ils l
    la le les mais n ne ni nous on ont ou où par pas pour puis qu que qui s sans se ses si son
    sera seront soit sont sous sur un une vers vous""".split()
)
_QUERY: Final = "=&?#%+"


def find_identifiers(texts: Iterable[str]) -> frozenset[str]:
    """Return those inside lines; the first and the last word of a line may be only a part."""
    found: set[str] = set()
    for text in texts:
        if not _HINT.search(text):
            continue
        bare = (word.strip(WRAPPING) for word in text.split()[1:-1])
        found.update(word for word in bare if _HINT.search(word) and is_identifier(word))
    return frozenset(found)


def is_identifier(word: str) -> bool:
    """Return whether a word is an address, a file name or the like, by its shape."""
    return bool(_INSIDE.search(word)) or word.lstrip(_OPENING).startswith(_STARTS)


def is_open(before: str) -> bool:
    """Return quickly whether a line ends in what an identifier may be broken after or in."""
    return before[-1:] in "/_.@:=&?#%+" or "://" in before[-_LONGEST:]


def goes_on(before: str, after: str, known: Collection[str]) -> bool:
    """Return whether an identifier goes on from one line to the next, without a space.

    They are broken after their marks. `known` are those the book has unbroken.
    """
    left, right = last_word(before), first_word(after)
    if not left or not right:
        return False
    if left[-1] == "." and right[0].isupper():
        return False
    return (left + right).strip(WRAPPING) in known or _looks_broken(left, right)


def _looks_broken(left: str, right: str) -> bool:
    mark, start = left[-1], right[0]
    if not start.isalnum():
        scheme = mark == ":" and right.startswith("//")
        return scheme or ("://" in left and start in "./?&=#_" and right[1:2].isalnum())
    if mark == "/":
        return _path_goes_on(left, right)
    if mark == "_":
        return left[-2:-1].isalnum() and not left.startswith("_")
    query = mark in _QUERY and "://" in left and not _is_function_word(right)
    return is_identifier(left) and (mark in "@." or query)


def _path_goes_on(left: str, right: str) -> bool:
    """Return whether a path goes on after a slash: what follows one is hardly ever a noun."""
    name = left.strip(_OPENING)[:-1]
    if not name:  # a slash between two words, or the begin of a path
        return "/" in right.strip(WRAPPING + "/")
    if name.isdigit() and right.isalpha():
        return False
    return name.lower() in _FUNCTION_WORDS or not _is_function_word(right)


def _is_function_word(word: str) -> bool:
    found = _PART.match(word)
    return (
        found is not None and found.group().lower() in _FUNCTION_WORDS and not is_identifier(word)
    )


def last_word(text: str) -> str:
    """Return what is behind the last space."""
    return text[-_LONGEST:].rsplit(None, 1)[-1] if text and not text[-1].isspace() else ""


def first_word(text: str) -> str:
    """Return what is before the first space."""
    return text[:_LONGEST].split(None, 1)[0] if text and not text[0].isspace() else ""
