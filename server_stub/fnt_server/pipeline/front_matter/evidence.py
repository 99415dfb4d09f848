"""What a paragraph says about itself: text of the book, or words of a publisher or a site."""

from __future__ import annotations

import re
from typing import Final

from fnt_server.pipeline.document import Reason
from fnt_server.pipeline.front_matter.vocabulary import ABOUT, HEADINGS, PHRASES, SURE

_WORD = re.compile(r"[^\W\d_]+")
_FINAL = re.compile(r"[.!?…:;][\s»”\"')\]]*$|[»”]$")
_ENGLISH: Final = frozenset(
    """the of and to in is that this with for you not any are be by or from it as on all have may
    will if at an no which your we our their us can""".split()
)
_FRENCH: Final = frozenset(
    """le la les de des du et un une que qui dans en il elle au aux pour pas sur se ce ne par son
    est plus ou je vous nous avec à était""".split()
)
_TOLD: Final = frozenset(
    """je j il elle ils elles me m moi mon ma mes son sa ses lui se s tu te toi ton ta tes
    était avait""".split()
)
_CLAUSE: Final = frozenset(
    """qui que qu dont où quand lorsque si c est sont était étaient fut furent parut avait ont il
    elle on nous ils ne n which who that when was were is are had has have it we they he
    she could would""".split()
)
"""Words of clauses; a list of titles has hardly any."""
SENTENCE_WORDS: Final = 8
_HEADING_CHARS: Final = 80
_LINE_WORDS: Final = 20
_DENSE: Final = 12
"""Words of a sentence for each point of evidence."""
_MOSTLY: Final = 0.5
_ALL_TOLD: Final = 0.1
_CLAUSAL: Final = 0.07
_FEWEST_CLAUSAL: Final = 2


class Evidence:
    """A paragraph's words and what they are evidence of."""

    __slots__ = (
        "is_english",
        "is_french",
        "is_prose",
        "is_sentence",
        "is_sure",
        "is_told",
        "reason",
        "words",
    )

    def __init__(self, text: str) -> None:
        printed = _WORD.findall(text)
        words = [word.lower() for word in printed]
        total = len(words)
        small = sum(map(str.islower, printed))
        self.words = total
        english = sum(map(_ENGLISH.__contains__, words))
        french = sum(map(_FRENCH.__contains__, words))
        self.is_french = french > english
        """Has more common words of French than of English."""
        self.is_english = total >= SENTENCE_WORDS and (
            english > 0.15 * total and english > 1.5 * french
        )
        self.is_sentence = (
            total >= SENTENCE_WORDS and small > _MOSTLY * total and bool(_FINAL.search(text))
        )
        clausal = sum(map(_CLAUSE.__contains__, words))
        self.is_prose = self.is_sentence and clausal >= max(_FEWEST_CLAUSAL, _CLAUSAL * total)
        """Whether it states something in whole sentences, of either language."""
        self.is_told = sum(map(_TOLD.__contains__, words)) >= _ALL_TOLD * total
        """About persons, as stories are."""
        sure = next((reason for reason, found in SURE.items() if found.search(text)), None)
        if sure and self.is_told and total > _LINE_WORDS and len(SURE[sure].findall(text)) == 1:
            sure = None  # a story may name a site
        self.is_sure = sure is not None
        self.reason = sure or self._by_phrases(text)
        """What it is evidence of, None if it is not, or hardly."""

    def _by_phrases(self, text: str) -> Reason | None:
        hits = {
            reason: len({hit.lower() for hit in found.findall(text)})
            for reason, found in PHRASES.items()
            if not (self.is_prose and reason == "list of books")
        }
        total = sum(hits.values())
        if not total:
            return None
        if self.is_sentence and (total < 2 or total * _DENSE < self.words or self.is_told):
            return None
        return max(hits, key=lambda reason: hits[reason])

    @property
    def is_text(self) -> bool:
        """Whether it is a sentence like those of the book."""
        return self.is_sentence and not self.is_english and self.reason is None


def heading_reason(text: str, *, author: str | None = None) -> Reason | None:
    """Return what a heading announces if it is no part of the book."""
    if len(text) > _HEADING_CHARS or text[-1:].isdigit():
        return None
    for reason, pattern in HEADINGS.items():
        if pattern.fullmatch(text):
            return reason
    about = ABOUT.fullmatch(text)
    if about and author and (name := about["name"]) and name.split()[-1].lower() in author.lower():
        return "e-book site"
    return None
