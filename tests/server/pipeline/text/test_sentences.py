from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt_server.pipeline.text.sentences import iter_sentences


def split(paragraph: str) -> list[str]:
    return [found.text for found in iter_sentences(paragraph)]


@pytest.mark.parametrize(
    "paragraph",
    [
        "Il vint. | Elle partit.",
        "— Quoi ? dit-il.",
        "— Quoi\u202f? dit-il. | Il rit.",
        "— Quoi ? | Vous partez ?",
        "« Quoi ! » dit-il en riant.",
        "« Viens\u202f!\u202f» | Il vint.",
        "« Je veux me faire la barbe\u202f!\u202f»",
        "« Viens. | Assieds-toi. » | Il obéit.",
        "M. Dupont et Mme. Martin virent le Dr. Petit.",
        "MM. Jean et Paul entrent. | Ils sortent.",
        "J. B. Martin parut. | On se tut.",
        "Louis XIV. régna. | Il mourut.",
        "Le 20 février 18.., un dimanche, il neigea.",
        "Voir p. 12 et n. 3. | Puis tourner.",
        "Il hésita… puis parla.",
        "Il hésita… | Puis il parla.",
        "Ah !... | Bon !",
        "Cela fait 3.5 lieues. | C’est loin.",
        "Oui. | — Non. | (Il rit.) | Bon.",
        "Comment ? ! | Vous !",
        "Il partit. | 1830 commençait.",
        "des fleurs, des fruits, etc. | Ils mangèrent.",
        "Voir ch. III et n°. 6. | Puis tourner.",
        "En 44 av. J.-C. | Il mourut.",
        "J.-C. Martin parut. | On se tut.",
        "Il fit des vers. | L’autre rit.",
        "Il servit sous Charles X. | Elle l’ignorait.",
        "C’était le plan B. | On y va.",
        "Il faisait -5 °C. | Elle tremblait.",
        "Il partit avec Mme. | Elle resta.",
        "Il vit M. Le Goff et Mme. La Borde. | On rit.",
        "Certains, p. ex. Balzac, c.-à-d. Paris, etc. | Ensuite rien.",
        "Il habitait av. Foch, bd. Voltaire et pl. Vendôme. | On sonna.",
        "Le sgt. Bobillot et le cap. Dreyfus vinrent. | On rit.",
        "Les amis de Cap. | Dans la rue.",
        "Il paya 17 fr. 50 et partit à 8 h. 30 du matin. | On rit.",
        "Au no. 5 de la rue. | On sonna.",
        "La suite : 1. La mère. | 2. Le père.",
        "Il naquit en 1889. | Paris dormait.",
        "C’est tout",
    ],
)
def test_sentences_end_where_a_reader_stops(paragraph: str) -> None:
    parts = paragraph.split(" | ")

    assert split(" ".join(parts)) == parts


def test_dialogue_is_what_stands_after_a_dash_or_between_quotation_marks() -> None:
    found = iter_sentences("Il entra. « Bonjour. Comment va ? » Elle rit.")

    assert [sentence.is_dialogue for sentence in found] == [False, True, True, False]
    assert all(sentence.is_dialogue for sentence in iter_sentences("— Oui. Non."))


@given(st.text(alphabet="aAéÉ .!?…«»—-'’(),;:M1\u202f\xa0", max_size=80))
def test_no_character_is_lost_added_or_moved(paragraph: str) -> None:
    assert "".join("".join(split(paragraph)).split()) == "".join(paragraph.split())
