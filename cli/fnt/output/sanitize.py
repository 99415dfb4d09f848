"""Foreign text, made harmless."""

from __future__ import annotations


def clean(text: str) -> str:
    """Make foreign text harmless on a terminal and keep it on one line.

    Control, format (bidi, zero-width) and unpaired characters become visible escapes; every kind
    of space becomes a space.
    """
    return text if text.isprintable() else "".join(map(_clean_char, text))


def _clean_char(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace() and char not in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return " "
    return char.encode("unicode_escape").decode("ascii")
