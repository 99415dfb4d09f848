from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt.wire.jobs import ProcessingSettings
from fnt.wire.words import count_words
from fnt_server.engines import NAMES, get_engine
from fnt_server.engines.quotations import quotations_around
from fnt_server.engines.rule_based import shorten
from fnt_server.engines.tokens import has_finite_verb, read_words
from fnt_server.engines.verb_forms import is_verb

WORDS = st.sampled_from(
    "le la l’homme qu’il de et mais dans maison, mer ; marchait regarda dit-il — « » M. vit. "
    "Mme pas très ? ! (un deux) où et/ou".split()
)


def cut(sentence: str, *, limit: int = 8, least: int = 2) -> list[str]:
    settings = ProcessingSettings(sentence_length_limit=limit, min_sentence_length=least)
    return shorten(sentence, settings)


@pytest.mark.parametrize(
    "sentence",
    [
        "Il entra dans la chambre, | puis il regarda longtemps la mer grise.",
        "Elle serrait une lampe éteinte contre son cœur | et le vent soulevait son grand châle.",
        "Il savait depuis longtemps | que la vieille femme ne reviendrait plus.",
        "— Vous venez de bien loin, monsieur ? | demanda la femme qui tenait la lampe.",
    ],
)
def test_cuts_fall_at_the_joints(sentence: str) -> None:
    parts = sentence.split(" | ")

    assert cut(" ".join(parts)) == parts


@pytest.mark.parametrize(
    "sentence",
    [
        "Le matin de ce jour M. Dupont regarda la mer et le ciel.",
        "Ce matin encore le vieux Mgr J. Martin regarda la mer et le ciel.",
    ],
)
@pytest.mark.parametrize("limit", [3, 4, 5, 8])
def test_no_cut_between_a_title_and_its_name(sentence: str, limit: int) -> None:
    assert not [
        piece for piece in cut(sentence, limit=limit) if piece.endswith(("M.", "J.", "Mgr"))
    ]


def test_no_piece_ends_with_a_word_that_wants_the_next() -> None:
    sentence = (
        "La petite fille du vieux passeur de la rivière avait dans une grande boîte de fer "
        "toutes les lettres que lui avaient écrites les soldats de la garnison voisine"
    )

    assert not [
        p for p in cut(sentence) if p.split()[-1] in {"la", "du", "de", "une", "les", "que"}
    ]


def test_a_piece_stretches_only_where_that_saves_a_bad_cut() -> None:
    sentence = "Elle regardait sans rien dire la vieille maison du passeur, et le soir tombait."
    plain, stretched = (
        shorten(sentence, ProcessingSettings(stretch_words=stretch)) for stretch in (0, 2)
    )

    assert max(map(count_words, plain)) <= 8
    assert stretched == [
        "Elle regardait sans rien dire la vieille maison du passeur,",
        "et le soir tombait.",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Elle se disait en s’éveillant : | « Ah ! il y a huit jours déjà que j’y étais ! »",
        "On lisait sur la porte : | « Eaux de Vichy, | de Seltz et de Barèges, pâtes et sirops. »",
        "Il criait tout bas : | « Emma ! venez, | car la nuit est noire et la barque attend. »",
    ],
)
def test_a_quotation_is_cut_at_its_ends_first(sentence: str) -> None:
    parts = sentence.split(" | ")

    assert cut(" ".join(parts))[0] == parts[0]


def test_a_quotation_within_another_ends_where_the_outer_one_does() -> None:
    sentence = "« Il a dit « non » et il est parti »"
    words = read_words(sentence)

    assert quotations_around(sentence, words) == [None, *[(0, 8)] * 7, None]


def test_a_quotation_may_begin_or_end_elsewhere() -> None:
    assert quotations_around("je viens » dit-il", read_words("je viens » dit-il")) == [
        None,
        (0, 2),
        None,
        None,
    ]
    assert quotations_around("Il dit : « je viens", read_words("Il dit : « je viens")) == [
        *[None] * 3,
        (2, 4),
        None,
    ]


def test_a_short_sentence_is_left_alone() -> None:
    assert cut("Oui, dit-il, je viens.") == ["Oui, dit-il, je viens."]


def test_a_minimum_length_avoids_short_pieces() -> None:
    sentence = "Il vint, il vit, il vainquit, et la ville entière le fêta longtemps."

    assert min(count_words(piece) for piece in cut(sentence, least=4)) >= 4


@given(st.lists(WORDS, min_size=1, max_size=40), st.integers(3, 12), st.integers(1, 5))
def test_words_stay_in_order_and_the_limit_is_kept(
    words: list[str], limit: int, least: int
) -> None:
    sentence = " ".join(words)

    pieces = cut(sentence, limit=limit, least=least)

    assert " ".join(pieces).split() == sentence.split()
    assert all(count_words(piece) <= limit for piece in pieces)


@given(st.text(max_size=120), st.integers(3, 12))
def test_any_text_comes_out_whole(text: str, limit: int) -> None:
    pieces = cut(text, limit=limit)

    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("word", "before", "verb"),
    [
        ("marchait", "homme", True),
        ("regarda", "lucette", True),
        ("furent", "", True),
        ("porte", "il", True),
        ("porte", "la", False),
        ("jamais", "ne", False),
        ("maison", "il", False),
        ("trouva", "emma", True),
        ("penchant", "se", False),
        ("mettre", "se", False),
        ("lit", "le", False),
        ("lit", "elle", True),
        ("brillent", "yeux", True),
        ("verrez", "le", True),
    ],
)
def test_is_verb(word: str, before: str, verb: bool) -> None:
    assert is_verb(word, before) is verb


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("je l’aime toujours", True),
        ("l’aube grise", False),
        ("qui le porte", True),
        ("sur la porte", False),
        ("madame Homais", False),
        ("Emma et Lefrançois", False),
        ("Voulez-vous rire", True),
    ],
)
def test_pronouns_and_names_tell_verbs(text: str, verb: bool) -> None:
    assert has_finite_verb(text) is verb


def test_engines_by_name() -> None:
    assert "rules" in NAMES
    with pytest.raises(KeyError):
        get_engine("sorcery")
