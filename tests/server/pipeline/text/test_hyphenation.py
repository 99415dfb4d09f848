from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt_server.pipeline.layout.geometry import HYPHEN, SOFT_HYPHEN
from fnt_server.pipeline.text.hyphenation import Vocabulary, keeps_hyphen, without_old_hyphens

BOOK = Vocabulary.of(
    [
        "Elle dit qu’il viendrait, dit-il, et la campagne était belle.",
        "Il avait un porte-plume ; le docteur-artiste contre les allées, les allées contre.",
        "Donne ton livre, prends ce bas, et le sien après.",
    ]
)


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("la cam", "pagne", "la campagne"),
        ("répéta", "tion", "répétation"),
        ("dit", "il en riant", "dit-il en riant"),
        ("donne", "moi", "donne-moi"),
        ("contentez", "vous", "contentez-vous"),
        ("un porte", "plume", "un porte-plume"),
        ("c’est-à", "dire", "c’est-à-dire"),
        ("peut", "être", "peut-être"),
        ("lui", "même.", "lui-même."),
        ("Saint", "Viance", "Saint-Viance"),
        ("VIL", "LAGE", "VILLAGE"),
        ("les contre", "allées", "les contre-allées"),
        ("quarante", "huit", "quarante-huit"),
        ("1914", "1918", "1914-1918"),
        ("le mi", "nuteur", "le minuteur"),
        ("des au", "teurs", "des auteurs"),
        ("accordez", "lui cela", "accordez-lui cela"),
        ("présumait", "il", "présumait-il"),
        ("chaînes hydro", "électriques", "chaînes hydro-électriques"),
        ("c’était mal", "aisé", "c’était malaisé"),
        ("un haut-le", "cœur", "un haut-le-cœur"),
        ("de l’esprit", "de-vin", "de l’esprit-de-vin"),
        ("les nu", "tritives", "les nutritives"),
        ("à vau", "l’eau", "à vau-l’eau"),
        ("il amène", "t-il", "il amène-t-il"),
        ("ôte", "lui cela", "ôte-lui cela"),
        ("son livre", "ment", "son livrement"),
        ("un éclair", "ci", "un éclairci"),
        ("ce livre", "ci", "ce livre-ci"),
        ("ce", "lui-là", "celui-là"),
        ("il a outre", "passé", "il a outrepassé"),
        ("un contre", "prends", "un contreprends"),
        ("un amour", "propre", "un amour-propre"),
        ("lui confierai", "je.", "lui confierai-je."),
        ("pourquoi t’éloignes", "tu ?", "pourquoi t’éloignes-tu ?"),
        ("la ver", "tu", "la vertu"),
    ],
)
def test_rejoin_writes_the_word_as_the_book_does(before: str, after: str, whole: str) -> None:
    assert rejoin(before, after, BOOK) == whole


def test_keeps_hyphen_trusts_the_more_frequent_spelling() -> None:
    book = Vocabulary.of(["entretemps entretemps", "entre-temps"])

    assert not keeps_hyphen("entre", "temps", book)


@pytest.mark.parametrize(
    ("line", "whole"), [("il permettait", "permettant"), ("permet-tait", "permet-tant")]
)
def test_other_forms_of_the_word_decide_where_it_is_not_there_itself(line: str, whole: str) -> None:
    assert rejoin("permet", "tant", Vocabulary.of([line])) == whole


def test_vocabulary_leaves_out_words_that_a_line_end_divides() -> None:
    book = Vocabulary.of(["il entre dans la cam" + HYPHEN, "pagne et dort"])

    assert book.words["cam"] == book.words["pagne"] == 0
    assert book.words["campagne"] == 0
    assert book.words["dort"] == 1


@given(st.text(min_size=1), st.text(min_size=1))
def test_rejoin_adds_a_hyphen_at_most(before: str, after: str) -> None:
    assert rejoin(before, after, BOOK) in (before + after, f"{before}-{after}")


def rejoin(before: str, after: str, vocabulary: Vocabulary) -> str:
    return before + ("-" if keeps_hyphen(before, after, vocabulary) else "") + after


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("des lant", "ernes", "des lanternes"),
        ("elle refe", "rmait", "elle refermait"),
        ("un porte", "plume", "un porte-plume"),
        ("peut", "être", "peut-être"),
    ],
)
def test_a_soft_hyphen_is_the_line_s_unless_the_word_has_one(
    before: str, after: str, whole: str
) -> None:
    assert rejoin(before + SOFT_HYPHEN, after, BOOK).replace(SOFT_HYPHEN, "") == whole


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("la cam- pagne était belle", "la campagne était belle"),
        ("un porte- plume neuf", "un porte-plume neuf"),
        ("deux- ou trois mots", "deux- ou trois mots"),
        ("Oui - dit-il - non", "Oui - dit-il - non"),
    ],
)
def test_hyphens_of_an_earlier_edition_join_inside_lines(text: str, read: str) -> None:
    assert without_old_hyphens(text, BOOK) == read
