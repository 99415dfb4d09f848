from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt_server.pipeline.layout.geometry import HYPHEN, SOFT_HYPHEN
from fnt_server.pipeline.text.hyphenation import (
    Vocabulary,
    joins_lines,
    keeps_hyphen,
    without_old_hyphens,
)

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
        ("demanda-t", "elle alors", "demanda-t-elle alors"),
        ("qui sait", "il", "qui sait-il"),
        ("ne serait", "ce pas", "ne serait-ce pas"),
        ("cherche", "les donc", "cherche-les donc"),
        ("dis", "leur", "dis-leur"),
        ("la cou", "leur", "la couleur"),
        ("un arrière", "cousin", "un arrière-cousin"),
        ("soi", "disant", "soi-disant"),
        ("il est en", "ivré", "il est enivré"),
        ("pensez", "y bien", "pensez-y bien"),
        ("vas", "y donc", "vas-y donc"),
    ],
)
def test_rejoin_writes_the_word_as_the_book_does(before: str, after: str, whole: str) -> None:
    assert rejoin(before, after, BOOK) == whole


@pytest.mark.parametrize(
    "word",
    [
        # verbs with what they act on, and their other forms
        "cache-nez brûle-pourpoint saute-ruisseau porte|raient casse|role passe|port",
        # a mute e, which only suffixes follow
        "jaune-serin malle-poste veste-sacoche juste|ment gaze|tte chauffe|rette livre|let",
        # ends of words that are no ends of syllables
        "grand-peur lieutenant-colonel faux-col bateau-mouche procureur-syndic aux|quels beau|té",
        # first halves
        "sous-chef non-recevoir mi-carême ultra-royaliste franco-russe post-colonial",
        "sous|crire non|chalant mi|lieu ultra|montain franco|phile post|face archi|tecte",
        # both halves alike
        "crin-crin couci-couci train-train cher|cher",
        # plurals of compounds, numbers, places
        "états-majors basses-cours chauves-souris beaux-frères dix-huitième en-dehors au-dedans",
        # one word although both halves are words
        "chèvre|feuille porte|feuille boule|vard trou|peau lieu|tenant bur|nous",
    ],
)
def test_a_word_that_the_book_has_only_once_is_read_by_its_shape(word: str) -> None:
    book = Vocabulary.of(["la jaune malle veste, le trou, une peau, un lieu, tenant, il mi juste"])
    for one in word.split():
        before, mark, after = one.partition("-" if "-" in one else "|")
        if mark:
            assert rejoin(before, after, book) == one.replace("|", "")


@pytest.mark.parametrize(
    ("line", "before", "after", "whole"),
    [
        ("un chien-garou, un loup", "chien", "loup", "chien-loup"),
        ("les radis-fleurs, les radis-choux", "radis", "fougue", "radis-fougue"),
        ("un contre-pas, une contre-rime", "contre", "venir", "contrevenir"),
        ("la commande apt-get, le cache", "apt", "cache", "apt-cache"),
        ("un radis-fleur, un radisson, le son", "radis", "soneur", "radissoneur"),
    ],
)
def test_other_words_with_the_same_first_half_decide(
    line: str, before: str, after: str, whole: str
) -> None:
    assert rejoin(before, after, Vocabulary.of([line])) == whole


def test_a_name_is_not_split_at_two_words() -> None:
    book = Vocabulary.of(["un angle de terre, un angle, la terre", "longue ville, longue ville"])

    assert rejoin("Angle", "terre", book) == "Angleterre"
    assert rejoin("Longue", "ville", book) == "Longueville"


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


def test_vocabulary_leaves_out_the_halves_of_words_of_an_earlier_edition() -> None:
    lines = ["il souhai- tait, il connais- sait, il fai- sait, il van- tait"]
    book = Vocabulary.of([*lines, "il tous- sait, le chou et tous"])

    assert book.words["sait"] == book.words["tait"] == 0
    assert (
        without_old_hyphens(lines[0], book)
        == "il souhaitait, il connaissait, il faisait, il vantait"
    )


def test_a_double_consonant_is_where_words_are_split() -> None:
    book = Vocabulary.of(["tous, il sait et tous savent, ce qu’il sait"])

    assert not keeps_hyphen("il tous", "sait", book)


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        # the token's shape, where the book has it nowhere else
        ("voir http://www.linux-on", "laptops.com/", "voir http://www.linux-on-laptops.com/"),
        ("à doc-debian@packages", "list.org", "à doc-debian@packages-list.org"),
        ("dans /etc/X11/app", "defaults/", "dans /etc/X11/app-defaults/"),
        ("le fichier foo_VVV", "RRR_AAA.deb", "le fichier foo_VVV-RRR_AAA.deb"),
        # a program that divides the words of addresses too
        ("à www.exemple.org/cam", "pagne.html", "à www.exemple.org/campagne.html"),
        # the book has it whole
        ("le fichier lib-c", "dev.conf,", "le fichier lib-c-dev.conf,"),
        ("le fichier lib", "truc.conf,", "le fichier libtruc.conf,"),
        # no French word is divided there
        ("un CD", "ROM", "un CD-ROM"),
        ("une GUI", "configurable", "une GUI-configurable"),
        ("le window", "manager", "le window-manager"),
        ("la commande dpkg", "deb", "la commande dpkg-deb"),
        # two words of the book beside another hyphen
        ("n’est-ce", "pas", "n’est-ce-pas"),
        ("un add-to", "cost-component", "un add-to-cost-component"),
        ("un grand-pè", "lerin", "un grand-pèlerin"),
        ("asynchro", "nous", "asynchronous"),
        ("chez", "nous", "chez-nous"),
    ],
)
def test_identifiers_and_foreign_words_keep_their_hyphens(
    before: str, after: str, whole: str
) -> None:
    book = Vocabulary.of(
        [
            "un CD, une GUI et window dpkg sur app ou VVV pour laptops avec on, packages",
            "ce n’est pas cela, add to the cost, la campagne, il est en retard",
            "les fichiers lib-c-dev.conf et libtruc.conf sont là",
        ]
    )

    assert rejoin(before, after, book) == whole


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("voir http://www.debian.", "org/doc/", True),
        ("voir http:", "//www.debian.org/", True),
        ("voir http://www.debian.org", "/doc/faq", True),
        ("voir https://fr.wikipedia.org/wiki/IPTC_", "Information", True),
        ("dans /etc/apt/", "sources.list", True),
        ("dans /usr/share/", "doc et", True),
        ("le système GNU/", "Linux", True),
        ("l’un et/", "ou l’autre", True),
        ("à http://site.org/?page=", "12", True),
        ("le fichier debian.", "rules est", True),
        ("dans /usr/local/", "et ailleurs", False),
        ("voir www.debian.org.", "Il y a", False),
        ("1/", "le premier", False),
        ("installer /", "supprimer", False),
        ("il vint :", "c’était lui", False),
        ("il le dit.", "puis rien", False),
        ("une _emphase_", "de plus", False),
        ("qui donc ?", "elle", False),
    ],
)
def test_addresses_go_on_over_a_line_end_without_a_space(
    before: str, after: str, joined: bool
) -> None:
    book = Vocabulary.of(["le fichier debian.rules est là"])

    assert joins_lines(before, after, book) is joined


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
        ("c’est- à-dire", "c’est-à-dire"),
        ("un va- et-vient", "un va-et-vient"),
        ("Marie- Anne", "Marie-Anne"),
        ("demanda-t- il", "demanda-t-il"),
        ("deux- à trois", "deux- à trois"),
        ("il le dit- Puis", "il le dit- Puis"),
    ],
)
def test_hyphens_of_an_earlier_edition_join_inside_lines(text: str, read: str) -> None:
    assert without_old_hyphens(text, BOOK) == read
