"""How pieces were cut: where a clause ends or inside one, with a finite verb or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt.wire.jobs import PieceQuality
from fnt_server.engines.joints import joint_worth
from fnt_server.engines.tokens import has_finite_verb, read_words

CLAUSE_END: Final = 1.8
"""A joint of this worth or more is where a clause ends, by a mark or by what follows."""


def quality_of(pieces: int, *, end_with_clause: int, with_verb: int) -> PieceQuality:
    """Return the counts of some pieces."""
    return PieceQuality(
        pieces=pieces,
        end_with_clause=end_with_clause,
        cut_in_clause=pieces - end_with_clause,
        with_finite_verb=with_verb,
    )


def measure(pieces: Sequence[str]) -> PieceQuality:
    """Count the pieces that one sentence was made into, by whatever means."""
    following = [*pieces[1:], None]
    return quality_of(
        len(pieces),
        end_with_clause=sum(map(_ends_clause, pieces, following)),
        with_verb=sum(map(has_finite_verb, pieces)),
    )


def _ends_clause(piece: str, following: str | None) -> bool:
    if following is None:
        return True
    place = len(read_words(piece))
    words = read_words(f"{piece} {following}")
    return not 0 < place < len(words) or joint_worth(words, place) >= CLAUSE_END
