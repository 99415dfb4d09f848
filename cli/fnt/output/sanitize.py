"""Escaping of untrusted text."""

from __future__ import annotations


def clean(text: str) -> str:
    """Return untrusted text as one line that is safe to print to a terminal.

    Control, format (bidi, zero-width), and unpaired surrogate characters become visible escapes;
    every kind of space becomes a plain space.
    """
    return text if text.isprintable() else "".join(map(_clean_char, text))


def _clean_char(char: str) -> str:
    if char.isprintable():
        return char
    if char.isspace() and char not in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return " "
    return char.encode("unicode_escape").decode("ascii")
