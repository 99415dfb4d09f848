from __future__ import annotations

from collections import Counter

import pytest

from fnt_server.pipeline.text.letterspacing import without_letterspacing

WORDS = Counter("le départ une visite inattendue l orage de la mer les".split())


@pytest.mark.parametrize(
    ("spaced", "read"),
    [
        ("C H A P I T R E I V", "CHAPITRE IV"),
        ("L E D É P A R T", "LE DÉPART"),
        ("U N E V I S I T E I N A T T E N D U E", "UNE VISITE INATTENDUE"),
        ("L ’ O R A G E D E L A M E R", "L’ORAGE DE LA MER"),
        ("L’ O R A G E D E", "L’ORAGE DE"),
        ("P R O L O G U E", "PROLOGUE"),
        ("A B C", "A B C"),
        ("Il y a là", "Il y a là"),
    ],
)
def test_a_letterspaced_heading_is_read_in_words_of_the_book(spaced: str, read: str) -> None:
    assert without_letterspacing(spaced, WORDS) == read
