"""What counts as a word, the same for the limit, the result and the score."""

from __future__ import annotations

import pytest

from fnt.wire.words import count_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("— ! … »", 0),
        ("Oui.", 1),
        ("« Oui » —", 1),
        ("l’homme qu’il dit-il", 3),
        ("peut-être—jamais", 2),
        ("1 200 kilos", 3),
        ("un\u00a0: deux\u202f; trois\nquatre", 4),
        ("et/ou", 2),
        ("_", 0),
    ],
)
def test_count_words(text: str, expected: int) -> None:
    assert count_words(text) == expected
