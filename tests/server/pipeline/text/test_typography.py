from __future__ import annotations

import pytest

from fnt_server.pipeline.text.typography import plain, with_french_spaces


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("« Où est-il\u202f?\u202f»", '"Où est-il ?"'),
        ("— L’été… – oui", "- L'été... - oui"),
        ("“peut‑être”", '"peut-être"'),
        ("déjà", "déjà"),
    ],
)
def test_plain(printed: str, typed: str) -> None:
    assert plain(printed) == typed


@pytest.mark.parametrize(
    ("text", "set_in_french"),
    [
        ("Ah ! dit-il ; quoi ?", "Ah\u202f! dit-il\u202f; quoi\u202f?"),
        ("« Oui » : non", "«\xa0Oui\xa0»\xa0: non"),
        ("Ah\xa0! Oh\u2009!", "Ah\xa0! Oh\u202f!"),
        ("À 12:30, «Non!»", "À 12:30, «Non!»"),
    ],
)
def test_french_spaces_do_not_break(text: str, set_in_french: str) -> None:
    assert with_french_spaces(text) == set_in_french
