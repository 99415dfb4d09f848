"""Escaping of untrusted text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IS_BIDI = re.compile(f"[{BIDI}]")
_HARMFUL = re.compile(rf"[{BIDI}\x00-\x08\x0b-\x1f\x7f-\x9f](?:(?<!\r)|(?!\n))")
"""Begins with all it may find: `re` then skips what is between, which is all of most texts."""


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


def harmless(text: str) -> str:
    """Return text of many lines without what a terminal or an editor obeys.

    Control characters other than tab and newline become `�`; bidi controls are removed.
    """
    return _HARMFUL.sub(lambda found: "" if _IS_BIDI.match(found[0]) else "\ufffd", text)


def harmless_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield UTF-8 text as by `harmless`; invalid bytes become `�` too."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    held = ""
    for piece in pieces:
        text = held + decoder.decode(piece)
        held = "\r" if text.endswith("\r") else ""  # perhaps the first half of a line end
        if text := text.removesuffix("\r"):
            yield harmless(text).encode()
    if text := held + decoder.decode(b"", final=True):
        yield harmless(text).encode()
