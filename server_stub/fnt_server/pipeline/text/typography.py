"""Replaces French typography with plain ASCII punctuation."""

from __future__ import annotations

import re

_TABLE = str.maketrans(
    {
        **dict.fromkeys("‘’‚ʼ′", "'"),
        **dict.fromkeys("“”„″«»", '"'),
        **dict.fromkeys("–—―", "-"),
        **dict.fromkeys("‐‑", "-"),
        **dict.fromkeys("\xa0\u202f\u2009\u2002\u2003", " "),
        "…": "...",
    }
)
_OPENING = re.compile(r"«\s+")
_CLOSING = re.compile(r"(?<!\s)\s+»")
_SPACES = re.compile(r"\s+")


def plain(text: str) -> str:
    """Return the text with straight quotes, hyphens for dashes, three dots and plain spaces.

    Letters keep their accents: they are French, not formatting.
    """
    text = _CLOSING.sub("»", _OPENING.sub("«", text))
    return _SPACES.sub(" ", text.translate(_TABLE)).strip()
