"""Which words French writes with a hyphen: from lists, their first half, and how syllables end."""

from __future__ import annotations

import re
from typing import Final

_OBJECTS: Final = frozenset("le la les lui leur".split())
_SUBJECTS: Final = frozenset("il elle on ils elles".split())
_CLEAR_PRONOUNS: Final = frozenset("nous vous moi toi lui".split())
"""Few French words end like these, and the book usually has them unhyphenated elsewhere."""
_ENDS_LIKE_PRONOUN = re.compile(r"^(?:bur|nou)$|[oiu]$")
_AFTER_HYPHEN: Final = frozenset("ci là même mêmes dedans dehors dessous".split())
_BEFORE_HYPHEN: Final = frozenset("arrière après avant demi semi quasi".split())
_TENS: Final = frozenset("vingt trente quarante cinquante soixante quatre dix".split())
_UNIT = re.compile(
    r"(?:deux|trois|quatr|cinq|six|sept|huit|neu[fv]|dix|onz|douz|treiz|quatorz|quinz|seiz)"
    r"(?:e|u?i[èe]mes?)?"
)
_NATIONS: Final = frozenset(
    "anglo austro franco germano gréco hispano italo judéo luso médico russo sino".split()
)
_GOES_ON: Final = {
    "archi": re.compile(r"duc|tect|v|p|dia|man|mè|é|ba|ch"),
    "mi": re.compile(r"(?![bfhpv]|c(?:ar|or|ôt|hem|lo|ou|ui)|j(?:am|an|ou|ui))"),
    "post": re.compile(r"dat|fac|h|nat|pos|scol|[aeiou]"),
    "pseudo": re.compile(r"nym|pod"),
    "ultra": re.compile(r"m|so|v"),
    "non": re.compile(r"[aeiou]|n|c(?!o)|pareil"),
    "ex": re.compile(r"[^bdfgjlmnrv]"),
    "vice": re.compile(r"[lms]"),
    "sous": re.compile(r"cri|tra[iîy]|sign|tract|tenti|crip|sous"),
    "pare": re.compile(r"[mnrst]|il|ss"),
}
"""Syllables that are mostly words before a hyphen, and how words go on after them."""
_LEARNED_END = re.compile(r"log|man|phil|phob|phon")
"""How learned words go on: `franco|phile`."""
_VERBS: Final = frozenset(
    """accroche aide allume amuse attrape branle brise brûle cache casse chasse chauffe compte
    coupe couvre crève croque emporte essuie fume gagne garde gratte grippe lance lave lèche
    monte ouvre pare passe perce pince pique porte pousse presse ramasse remue réveille rince
    saute serre souffre taille tire tourne traîne trompe vide""".split()
)
"""Verbs that make nouns together with what they act on: `brûle-pourpoint`, `cache-nez`."""
_FORM = re.compile(
    r"r(?:a|ai|as|ez|ons|ont|ais|ait|aient|ions|iez|ies?|esses?|eaux?|elles?|oles?|olles?|ettes?"
    r"|ets?|ons?)"
    r"|t(?:er?|ez|ai?|as|ait|ais|aient|ant|ées?|és?|tes?|eux|euses?|ins?|erie)|l(?:ets?|ots?|as|le)"
    r"|m(?:ents?|enterie|ires?|itaines?)|v(?:oir.*|ait|ais|aient|ant|ons|ez|r.*)|nia|pots?|ptib.*"
)
"""How words go on that only begin like such a verb: `garde|rait`, `perce|voir`."""
_SUFFIX = re.compile(r"[rltn]|ment|ss|.{1,2}$")
"""How a word may go on after a mute e: `juste|ment`, `pure|té`."""
_MUTE_E = re.compile(r"[^\W\d_aeiouyàâéèêëîïôûùœæ]e$|[qg]ue$")
_WORD_END = re.compile(
    r"[^\W\d_aeiouyàâéèêëîïôûùœæs](?:[bdf]|(?<![cp])t)$|[aeo]ux$|[^\W\d_m]ez$|[a-zé]{3}eur$|..eau$"
)
"""How words end, but no syllable inside of one: `grand|peur`, `faux|col`, `procureur|général`."""
_VOWEL = re.compile("[aeiouyàâäéèêëîïôöûùüœæ]")
_FOREIGN_END = re.compile(r"[wk]$|sh$")
"""No syllable of French ends like this."""
_AFTER_WORD_END = re.compile(r"quel|crat|t|z")
"""What follows such an end in one word all the same: `aux|quels`, `nouveau|té`."""
_WHOLE: Final = frozenset(
    """adouci ceci durci endurci farci grossi merci noirci obscurci raccourci souci voici
    éclairci autrefois beaucoup longtemps celui autrui aujourd auxquels auxquelles portefaix
    boulevard boulevards bouledogue bouledogues chèvrefeuille chèvrefeuilles cornemuse
    cornemuses lieutenant lieutenants marchepied marchepieds passepoil passeport passeports
    portefeuille portefeuilles portemanteau portemanteaux primevère primevères nonobstant
    sauvegarde sauvegarder tournedos tournesol tournesols tournevis troupeau troupeaux
    vaguemestre hautbois tournebroche croquemitaine chaussepied primesautier primesautière
    porteballe tirelire tirelires couperose tournemain montgolfière montgolfières
    bourgmestre chouchou intelligentsia sangsue sangsues""".split()
)
_WHOLE_STARTS: Final = ("boulevers", "sauvegard", "caoutchou", "sandwich", "gentlem", "couscous")
_COMPOUNDS: Final = frozenset(
    """peut-être est-à à-dire vis-à à-vis rendez-vous grand-père grand-mère grands-parents
    beau-père belle-mère beau-frère belle-soeur beau-fils belle-fille petit-fils
    petite-fille après-midi avant-hier avant-garde avant-veille arc-en sur-le le-champ
    tête-à à-tête tout-puissant toute-puissante sous-sol sous-préfet chef-d chauve-souris
    rez-de de-chaussée porte-monnaie dix-sept dix-huit dix-neuf quatre-vingt nouveau-né
    bien-être bien-aimé bien-aimée sang-froid au-dessus au-delà au-devant ci-dessus
    ci-devant là-bas là-haut là-dessus quelques-uns quelques-unes par-dessus par-delà
    en-tête eau-de de-vie pot-au tout-à à-coup jusque-là ouï-dire outre-mer outre-tombe
    amour-propre arrière-pensée arrière-boutique avant-bras avant-poste basse-cour chez-soi
    contre-jour cul-de-jatte demi-heure demi-tour gagne-pain garde-fou grand-chose haut-de
    là-devant libre-échange mille-feuilles mot-à main-forte non-sens passe-temps pêle-mêle
    petits-enfants plain-pied plate-bande pis-aller pot-pourri premier-né qui-vive
    rond-point sans-souci sous-bois sous-lieutenant sous-main sous-officier tire-d
    trois-mâts tragi-comédie va-et vice-roi vide-poches mi-côte mi-corps mi-clos ex-ministre
    fer-blanc grand-duc grand-messe gris-perle guet-apens mi-voix mi-chemin ex-voto
    contre-coup bas-fond bas-relief nu-pieds nu-tête nu-jambes nu-propriété post-scriptum
    reine-claude cerf-volant chef-lieu clair-obscur court-bouillon franc-maçon garde-robe
    laissez-passer oui-dire passe-partout pied-à prie-dieu procès-verbal abat-jour bas-côté
    garde-chasse garde-malade ici-bas non-seulement plate-forme pont-levis remue-ménage
    savoir-faire savoir-vivre soi-disant sous-préfecture volte-face sage-femme sans-façon
    sans-gêne sauf-conduit sot-l tire-bouchon trouble-fête va-nu état-major entre-temps
    terre-plein notre-dame sans-pareil coffre-fort longue-vue pur-sang claire-voie
    bonne-maman bon-papa trop-plein gras-double faire-part maréchal-ferrant au-dedans
    soutien-gorge music-hall par-devant par-derrière par-devers à-propos à-compte à-peu
    peu-près bain-marie fou-rire bas-ventre chou-fleur lieu-dit loup-garou chien-loup
    rouge-gorge dernier-né avant-coureur belle-famille beau-parent in-folio in-octavo
    in-quarto in-douze ci-joint ci-inclus ci-contre ci-après ci-gît bien-pensant tiers-monde
    tiers-état chassé-croisé wagon-lit wagon-restaurant aller-retour avant-scène saint-siège
    haut-relief pied-noir station-service timbre-poste vol-au deux-points mort-né
    laurier-rose moins-value plus-value porte-fenêtre tambour-major sauve-qui on-dit
    double-six procureur-général lieutenant-général sous-marin sous-titre
    sous-chef bas-bleu coq-à trompe-l rase-mottes tout-venant bel-esprit demi-solde
    croix-rouge tic-tac ping-pong tam-tam cric-crac clic-clac cahin-caha clopin-clopant
    tohu-bohu couci-couça méli-mélo flic-flac haut-parleur haut-commissaire
    grand-tante science-fiction main-courante aide-chirurgien chirurgien-major pied-bot
    basse-fosse sacro-saint morte-saison aigre-doux aigre-douce""".split()
)
_PLURAL = re.compile(r"[sx]$")


def is_compound(left: str, right: str) -> bool:
    """Return whether the two parts, in small letters, are always written with a hyphen."""
    return (
        _is_listed(left, right)
        or right == "je"  # `confierai-je`: no word ends like this
        or (right == "tu" and left.endswith(("s", "x")))
        or (left in _BEFORE_HYPHEN and right != "ment")
        or right in _AFTER_HYPHEN
        or (right in _CLEAR_PRONOUNS and not _ENDS_LIKE_PRONOUN.search(left))
        or (left in _TENS and bool(_UNIT.fullmatch(right)))
        or (left in _NATIONS and not _LEARNED_END.match(right))
        or (left in _VERBS and len(right) > 2 and not goes_on_like_verb(right))
        or (left in _GOES_ON and not _GOES_ON[left].match(right))
        or _has_pronoun(left, right)
        or (right in _OBJECTS and left.endswith(("ez", "ons")))  # imperative: `accordez-lui`
        or (left == right and len(left) > 3 and not left.endswith("er"))  # `crin-crin`
    )


def is_whole(word: str) -> bool:
    """Return whether a word is one although its halves look like a compound."""
    return word in _WHOLE or word.startswith(_WHOLE_STARTS)


def is_foreign(first: str, second: str) -> bool:
    """Return whether French divides no word there: `GUI|active`, `dpkg|deb`, `window|tab`."""
    if len(first) > 1 and first.isupper() and second[0].islower():
        return True
    left, right = first.lower(), second.lower()
    return not (_VOWEL.search(left) and _VOWEL.search(right)) or (
        first.islower() and bool(_FOREIGN_END.search(left) and right[0] != "h")
    )


def ends_like_word(left: str, right: str) -> bool:
    """Return whether no word goes on like this: what is before the hyphen is a word of its own."""
    return bool(_WORD_END.search(left)) and not _AFTER_WORD_END.match(right)


def ends_in_mute_e(left: str, right: str) -> bool:
    """Return whether a mute e is before what is no suffix: `jaune|serin`, not `juste|ment`."""
    long = len(left) > 4 and left not in _VERBS
    return long and bool(_MUTE_E.search(left)) and not _SUFFIX.match(right)


def goes_on_like_verb(right: str) -> bool:
    """Return whether the second part is only the ending of a verb or of a word made from one."""
    return bool(_FORM.fullmatch(right))


def may_begin(left: str) -> bool:
    """Return whether such a first part shows nothing: it is a syllable of many words."""
    return left in _GOES_ON or left in _VERBS or left in _CLEAR_PRONOUNS or left == "soi"


def _is_listed(left: str, right: str) -> bool:
    """Return whether a compound or its plural is listed."""
    left, right = left.replace("œ", "oe"), right.replace("œ", "oe")
    if f"{left}-{right}" in _COMPOUNDS:
        return True
    one, other = _PLURAL.sub("", left), _PLURAL.sub("", right)
    return any(f"{a}-{b}" in _COMPOUNDS for a in (left, one) for b in (right, other))


def _has_pronoun(left: str, right: str) -> bool:
    """Return whether a verb is followed by its subject or object: no word ends like these."""
    return (
        (right in _SUBJECTS and left.endswith(("t", "d")))
        or (right == "ce" and left.endswith("t"))
        or (right in ("le", "les") and left.endswith("e"))
        or (right in _OBJECTS and left.endswith(("s", "z")))
        or (right == "y" and left.endswith(("s", "z")))  # `allez-y`
    )
