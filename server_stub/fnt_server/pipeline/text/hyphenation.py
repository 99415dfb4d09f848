"""Rejoins words hyphenated at line ends, using the vocabulary of the book."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fnt_server.pipeline.layout.geometry import HYPHEN, SOFT_HYPHEN

FORMS: Final = 64
"""Maximum number of forms considered per word; French verbs have fewer distinct ones."""

_PART = re.compile(r"[^\W\d_]+")
_LAST_PART = re.compile(r"(?<![^\W_])[^\W_]*+$")
_OLD_HYPHEN = re.compile(r"(?<![^\W\d_])([^\W\d_]++)- (?!(?:et|ou|ni|à)\b)(?=([a-zà-ÿ]++))")
"""A line-end hyphen of an earlier edition, now inside a line: `quin- zième`."""
_FIRST_PART = re.compile(r"[^\W_]*+")
_PAIR = re.compile(r"(?<![^\W\d_])([^\W\d_]++)-(?=([^\W\d_]++))")
_LINKED_BEFORE = re.compile(r"-([^\W\d_]++)$")
_LINKED_AFTER = re.compile(r"\A([^\W\d_]++)-")

_PRONOUNS: Final = frozenset("je tu il elle on ils elles le la les lui leur y en ce t".split())
_OBJECTS: Final = frozenset("le la les lui leur".split())
_CLEAR_PRONOUNS: Final = frozenset("nous vous moi toi lui".split())
"""Few French words end like these, and the book usually has them unhyphenated elsewhere."""
_LINKS: Final = frozenset("à au aux de des du en et l la le les lès par sous sur".split())
"""Words that link two others with hyphens: `haut-le-cœur`, `esprit-de-vin`."""
_AFTER_HYPHEN: Final = frozenset("ci là même mêmes".split())
_BEFORE_HYPHEN: Final = frozenset("demi semi quasi vice".split())
_TENS: Final = frozenset("vingt trente quarante cinquante soixante quatre".split())
_UNITS: Final = frozenset(
    "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split()
)
_FIRST_HALVES: Final = frozenset(
    "bien bon contre en entre mal outre par pour quelque sur toute toutes".split()
)
"""Words that longer words begin with: `pour|suivre`, `toute|fois`, `contre|temps`."""
_WHOLE: Final = frozenset(
    "adouci ceci durci endurci farci grossi merci noirci obscurci raccourci souci voici éclairci"
    " celui autrui aujourd".split()
)
_ELIDED = re.compile(r"[dlst]['’]|t-(?:il|elle|on)", re.IGNORECASE)
_VOWELS: Final = frozenset("aàâäeéèêëiîïoôöuùûüœæ")
_PREFIXES: Final = frozenset(
    "anti auto bi co dés extra hyper in inter mal més pré ré sub super sur trans tri".split()
)
_COMPOUNDS: Final = frozenset(
    """peut-être est-à à-dire vis-à à-vis rendez-vous grand-père grand-mère grands-parents
    beau-père belle-mère beau-frère belle-sœur beau-fils belle-fille petit-fils petite-fille
    après-midi avant-hier avant-garde avant-veille arc-en sur-le le-champ tête-à à-tête
    tout-puissant toute-puissante sous-sol sous-préfet chef-d chauve-souris rez-de de-chaussée
    porte-monnaie dix-sept dix-huit dix-neuf quatre-vingts nouveau-né bien-être bien-aimé
    bien-aimée sang-froid au-dessus au-dessous au-delà au-devant ci-dessus ci-dessous ci-devant
    là-bas là-haut là-dessus là-dessous là-dedans quelques-uns quelques-unes par-dessus
    par-dessous par-delà en-tête eau-de de-vie pot-au tout-à à-coup jusque-là ouï-dire outre-mer
    outre-tombe amour-propre arrière-pensée arrière-boutique avant-bras avant-poste basse-cour
    chez-soi contre-jour cul-de-jatte demi-heure eaux-de demi-tour gagne-pain garde-fou
    grand-chose haut-de là-devant libre-échange mille-feuilles mot-à main-forte non-sens
    passe-temps pêle-mêle petits-enfants petits-fils petites-filles plain-pied plate-bande
    plates-bandes pis-aller pot-pourri premier-né quatre-vingt qui-vive rond-point sans-souci
    sous-bois sous-lieutenant sous-main sous-officier sous-officiers tout-puissants tire-d
    trois-mâts tragi-comédie va-et vice-roi vide-poches mi-côte mi-corps mi-clos ex-ministre
    fer-blanc grand-duc grand-messe gris-perle guet-apens mi-voix mi-chemin ex-voto contre-coup
    bas-fond bas-fonds bas-relief bas-reliefs nu-pieds nu-tête nu-jambes nu-propriété
    post-scriptum reine-claude reines-claudes cerf-volant chef-lieu clair-obscur court-bouillon
    franc-maçon garde-robe laissez-passer oui-dire passe-partout pied-à prie-dieu procès-verbal
    sage-femme sans-façon sans-gêne sauf-conduit sot-l tire-bouchon trouble-fête va-nu""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of a book that are not split at a line end, and its hyphenated pairs."""

    words: Counter[str]
    pairs: Counter[tuple[str, str]]
    sorted_words: list[str]
    sorted_pairs: list[tuple[str, str]]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """Count the words of lines, except those split at a line end."""
        words: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        divided = False
        for text in texts:
            parts = _PART.findall(text.lower())
            if divided:
                del parts[:1]
            divided = text.endswith(HYPHEN)
            if divided:
                del parts[-1:]
            words.update(parts)
            if "-" in text:
                pairs.update(_PAIR.findall(text.lower()))
        return cls(words=words, pairs=pairs, sorted_words=sorted(words), sorted_pairs=sorted(pairs))

    def count_related(self, left: str, right: str) -> tuple[int, int]:
        """Count words and pairs that begin like the joined word, as its other forms do.

        `permet|tant` is one word if the book has `permettait`.
        """
        start = right[: 2 if len(left) > 3 else 3]
        if len(start) < 2 or len(left) < 3:
            return 0, 0
        first_word = bisect_left(self.sorted_words, left + start)
        first_pair = bisect_left(self.sorted_pairs, (left, start))
        joined = sum(
            self.words[word]
            for word in self.sorted_words[first_word : first_word + FORMS]
            if word.startswith(left + start)
        )
        paired = sum(
            self.pairs[pair]
            for pair in self.sorted_pairs[first_pair : first_pair + FORMS]
            if pair[0] == left and pair[1].startswith(start)
        )
        return joined, paired


def without_old_hyphens(text: str, vocabulary: Vocabulary) -> str:
    """Return a line with words rejoined that were split at line ends of an earlier edition."""
    if "- " not in text:
        return text
    return _OLD_HYPHEN.sub(
        lambda m: m[1] + ("-" if keeps_hyphen(m[1], m[2], vocabulary) else ""), text
    )


def keeps_hyphen(before: str, after: str, vocabulary: Vocabulary) -> bool:
    """Return whether the hyphen between two parts belongs to the word, as in `dit-il`.

    After SOFT_HYPHEN, return True only if that is certain.
    """
    if before.endswith(SOFT_HYPHEN):
        left, right = _last(before.removesuffix(SOFT_HYPHEN)).lower(), _first(after).lower()
        written = vocabulary.pairs[left, right] > vocabulary.words[left + right]
        return written or _is_compound(left, right)
    first, second = _last(before), _first(after)
    if not (first.isalpha() and second.isalpha()):
        return True
    left, right = first.lower(), second.lower()
    joined, paired = vocabulary.words[left + right], vocabulary.pairs[left, right]
    if joined != paired or left + right in _WHOLE:
        return paired > joined
    is_name = second[0].isupper() and not first.isupper()
    if is_name or _is_chain(before, after) or _is_compound(left, right):
        return True
    akin_joined, akin_paired = vocabulary.count_related(left, right)
    if akin_joined != akin_paired:
        return akin_paired > akin_joined
    if right[0] in _VOWELS:
        # Words are split before a consonant: in three novels, 103 of 105 such hyphens belonged
        # to the word, and the other two came after a prefix.
        return left not in _PREFIXES
    return vocabulary.words[left] > 0 and (
        right in _PRONOUNS or _are_words(left, right, vocabulary)
    )


def _is_compound(left: str, right: str) -> bool:
    """Return whether the two parts are always written with a hyphen."""
    return (
        f"{left}-{right}" in _COMPOUNDS
        or right == "je"  # `confierai-je`: no word ends like this
        or (right == "tu" and left.endswith(("s", "x")))
        or left in _BEFORE_HYPHEN
        or right in _AFTER_HYPHEN
        or right in _CLEAR_PRONOUNS
        or (left in _TENS and right in _UNITS)
        or (right in _OBJECTS and left.endswith(("ez", "ons")))  # imperative: `accordez-lui`
    )


def _is_chain(before: str, after: str) -> bool:
    """Return whether one part is only a link: it has another hyphen or an apostrophe."""
    if _ELIDED.match(after):  # `vau-l’eau`, `amène-t-elle`
        return True
    links_back = _LINKED_BEFORE.search(before)
    links_on = _LINKED_AFTER.match(after)
    return any(found and found[1].lower() in _LINKS for found in (links_back, links_on))


def _are_words(left: str, right: str, vocabulary: Vocabulary) -> bool:
    """Return whether both parts are too long and too frequent to be mere syllables."""
    long = min(len(left), len(right)) >= 4
    return long and left not in _FIRST_HALVES and right != "ment" and vocabulary.words[right] > 1


def _last(text: str) -> str:
    found = _LAST_PART.search(text)
    return found.group() if found else ""


def _first(text: str) -> str:
    found = _FIRST_PART.match(text)
    return found.group() if found else ""
