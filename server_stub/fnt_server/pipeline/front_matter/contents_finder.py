"""Tables of contents of one book."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from fnt_server.pipeline.front_matter.contents import find_contents
from fnt_server.pipeline.front_matter.groups import (
    Item,
    words_of,
)
from fnt_server.pipeline.front_matter.verdicts import (
    Reasons,
)

_LEFT_WORDS: Final = 60
"""What may be left of the summaries of a table of contents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentsFinder:
    """Finds tables of contents."""

    headings: Counter[str]
    """Of the whole book, normalized."""
    pages: Collection[int]
    """At whose top rows were found already."""

    def of(self, items: Sequence[Item]) -> Reasons:
        """Return what is part of one, summaries included."""
        reasons: Reasons = {
            item.index: "table of contents"
            for entries in find_contents(items, headings=self.headings)
            for item in entries
        }
        for page in self.pages:
            left = [item for item in items if page in (item.page, item.last_page)]
            alone = all(item.page == item.last_page and not item.is_heading for item in left)
            if alone and words_of(left) <= _LEFT_WORDS:
                reasons |= {item.index: "table of contents" for item in left}
        return reasons
