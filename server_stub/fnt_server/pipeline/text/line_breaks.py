"""Where one line ends and the next begins: whether a sentence goes on, whether a word had room."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from fnt_server.pipeline.layout.geometry import HYPHEN, Line

FINAL: Final = tuple(".!?…")
_OPENING: Final = "«“\"'’( \xa0\u202f—–-"
CLOSING: Final = '»”"’) \xa0\u202f'
_QUOTES: Final = '«“"'
_DASHES: Final = "—–―-"
_PAUSES: Final = ",;:"
_FIRST_WORD = re.compile(r"(?:(?:M|MM|Mme|Mlle|Mgr|Dr|Me|S)\.?\s)?\S++")
"""The next word, with a title that may not stand alone at a line's end."""
_LINK_AT_END = re.compile(
    r"(?<!\w)(?:à|au|aux|de|du|des|et|la|le|les|un|une|par|sur)$", re.IGNORECASE
)
_LINK_CHARS: Final = 4
"""Of the longest of these words and a line feed."""
_NEAR: Final = 3
"""Lines above and below that show how far lines reach here."""


def ends_in_link(text: str) -> bool:
    """Return whether a line ends in a word that no line ends with on purpose."""
    return bool(_LINK_AT_END.search(text, max(0, len(text) - _LINK_CHARS)))


class Break(NamedTuple):
    """The end of a line and the begin of the next, which is at `place`."""

    lines: Sequence[Line]
    place: int

    @property
    def above(self) -> Line:
        """Return the line that ends."""
        return self.lines[self.place - 1]

    @property
    def line(self) -> Line:
        """Return the line that begins."""
        return self.lines[self.place]

    @property
    def reach(self) -> tuple[float, float]:
        """Return how far the lines above and below reach."""
        lines, place = self.lines, self.place
        up = max(line.x1 for line in lines[max(0, place - _NEAR) : place])
        return up, max(line.x1 for line in lines[place : place + _NEAR])

    @property
    def is_open(self) -> bool:
        """Return whether the sentence goes on, and is not only announced."""
        announced = self.above.text.endswith(":") and self.line.text[0] in _QUOTES
        if announced or self.is_labelled or self.line.text[0] in _DASHES:
            return False
        return not self.above.text.rstrip(CLOSING).endswith((*FINAL, HYPHEN))

    @property
    def is_labelled(self) -> bool:
        """Return whether the line above is only who speaks, in capitals."""
        text = self.above.text
        return text.isupper() and not self.line.text.isupper() and not ends_in_link(text)

    @property
    def is_capital(self) -> bool:
        """Return whether the line begins with a capital, behind signs."""
        return self.line.text.lstrip(_OPENING)[:1].isupper()

    def has_room(self, reach: float) -> bool:
        """Return whether the next word would have fit into the line above."""
        width = (self.line.x1 - self.line.x0) / max(1, len(self.line.text))
        found = _FIRST_WORD.match(self.line.text)
        word = found.end() if found else 0
        return self.above.x1 + width * (word + 1) + self.line.size < reach

    @property
    def is_early(self) -> bool:
        """Return whether a line ends so early that nothing but a purpose explains it."""
        return self.above.x1 - self.above.x0 < 0.7 * (max(self.reach) - self.above.x0)

    @property
    def is_close(self) -> bool:
        """Return whether both lines are of one text, though perhaps not of one stanza."""
        same = 0.92 < self.above.size / self.line.size < 1.08
        return same and self.above.y - self.line.y < 2.6 * self.line.size

    @property
    def is_set_back(self) -> bool:
        """Return whether the line begins to the left of the one above."""
        return self.line.x0 < self.above.x0 - self.line.size

    @property
    def is_inside(self) -> bool:
        """Return whether both lines are of one sentence and of one text."""
        return self.is_open and self.is_close

    @property
    def is_flush(self) -> bool:
        """Return whether both lines begin at one place."""
        return abs(self.line.x0 - self.above.x0) < 1

    def is_long(self, measure: float) -> bool:
        """Return whether the line is too long to be the rest of the one above."""
        return self.line.x1 - self.line.x0 > 0.5 * measure

    def is_rest(self, reach: float) -> bool:
        """Return whether the line may be the rest of one that fills the measure."""
        goes_on = self.is_inside and not self.is_capital and self.above.text[-1] not in _PAUSES
        return goes_on and not self.has_room(reach)

    @property
    def is_chosen(self) -> bool:
        """Return whether a line ends early, and the next, close below, begins with a capital."""
        if not self.is_capital or ends_in_link(self.above.text):
            return False
        return self.is_close and self.has_room(max(self.reach))

    @property
    def is_small(self) -> bool:
        """Return whether a line ends early in mid-sentence, and the next has a small letter."""
        return self.is_open and not self.is_capital and self.has_room(min(self.reach))
