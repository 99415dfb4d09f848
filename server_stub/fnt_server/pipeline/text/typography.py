"""French typography: non-breaking spaces, and conversion to plain ASCII punctuation."""

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
_SPACE = "[ \u2002-\u200a]"
_FIRST_SPACE = f"{_SPACE}(?<!{_SPACE}{_SPACE})"
"""Of several. Begins with the space itself: `re` then skips the letters."""
_BESIDE_MARK = re.compile(
    f"{_FIRST_SPACE}(?:{_SPACE}*+(?=(?P<narrow>[!?;])|[:»])|(?<=«.){_SPACE}*+)"
)
_OPENING = re.compile(r"«\s+")
_CLOSING = re.compile(r"(?<!\s)\s+»")
_SPACES = re.compile(r"\s+")


def plain(text: str) -> str:
    """Return the text with straight quotes, hyphens for dashes, three dots, and plain spaces.

    Accents are kept, since they are part of the spelling.
    """
    text = _CLOSING.sub("»", _OPENING.sub("«", text))
    return _SPACES.sub(" ", text.translate(_TABLE)).strip()


def with_french_spaces(text: str) -> str:
    """Return the text with non-breaking spaces at `! ? ; : » «`, where it has any space.

    Narrow (U+202F) before `! ? ;`, wide (U+00A0) before `: »` and after `«`, following the style
    of the Imprimerie nationale.
    """
    return _BESIDE_MARK.sub(lambda found: "\u202f" if found["narrow"] else "\xa0", text)
