"""Words that publishers and sites use, and novels hardly do."""

from __future__ import annotations

import re
from typing import Final

from fnt_server.pipeline.document import Reason

SURE: Final[dict[Reason, re.Pattern[str]]] = {
    "e-book site": re.compile(
        r"https?://|\bwww\.|[\w.-]@[\w-]{1,60}\.\w|\w{3}\.(?:com|net|org|fr|ch|info)\b"
        r"|project gutenberg|\be-?books?\b|wikisource|gallica|feedbooks|bibebook|atramenta"
        r"|in ?libro ?veritas|ebooks libres|creative commons|\bcc[- ]by\b|\bGNU\b"
        r"|licence art libre|distributed proofread|ark:/\d|bibliothèque électronique"
        r"|bibliothèque numérique|biblioth[eè]que nationale de france|transcriber.?s? note"
        r"|notes? (?:de|du|de la) transcri(?:pt|b)"
        r"|^fin d(?:u|e (?:ce|cette|la|l[’'])) ?(?:\w+ ){1,2}(?:numérique|électronique)\b",
        re.IGNORECASE,
    ),
    "imprint": re.compile(
        r"\bISBN\b|\bISSN\b|©|\(c\) ?\d{4}|\bcopyright\b|dépôt légal"
        r"|imprimé en (?:france|belgique|suisse|u\. ?e|cee|italie|espagne|allemagne)"
        r"|n[°º] d[’']?\s?(?:édit|impr)"
        r"|(?-i:^[^a-zà-ÿ]{0,60}\b(?:IMPRIMERIE|TYPOGRAPHIE|IMP\.|TYP\.)[^a-zà-ÿ]{0,80}$)",
        re.IGNORECASE,
    ),
}
"""One is enough."""

PHRASES: Final[dict[Reason, re.Pattern[str]]] = {
    "e-book site": re.compile(
        r"(?:livre|version|édition|publication)s? (?:numérique|électronique)s?|domaine public"
        r"|libres? de (?:tous )?droits?|libres? et gratuits?|numéris(?:é|ation|ateur)"
        r"|usage (?:strictement )?(?:commercial|personnel|privé|non commercial)"
        r"|(?:fins?|but|utilisation|réutilisation) (?:strictement )?(?:non[- ])?"
        r"(?:commercial|personnel)|non professionnelle|bénévoles?"
        r"|sans garantie|intégrité parfaite|non rétribués|culture littéraire|maigres moyens"
        r"|votre aide|conversions? informatiques?|tout lien vers|télécharg|en ligne\b"
        r"|texte (?:libre|édité|établi|numérisé|mis en ligne)|lecture libre"
        r"|(?:notre|ce|cette|le présent|du) site\b|vous venez de lire|contributeurs"
        r"|merci (?:de|pour) votre lecture|erreurs? (?:a pu|ont pu|de saisie)|mise en page"
        r"|ce document|loi n ?°|termes? de la licence|sous licence|élaboration de ce"
        r"|classiques littéraires|source des contenus|mode texte"
        r"|reconnaissance (?:optique|de caractères)|(?:start|end) of th(?:is|e) |release date"
        r"|character set|produced by|food for the mind",
        re.IGNORECASE,
    ),
    "imprint": re.compile(
        r"tous droits|droits? de (?:traduction|reproduction)|reproduction (?:interdite|réservée)"
        r"|(?:traduction|reproduction)[^.]{0,40}réservée?s?|achevé d[’']imprimer"
        r"|mentions légales|sur les presses|composition et (?:impression|mise)"
        r"|impression (?:et|réalisée)|pour le compte (?:des|de l)|maquette|couverture\s?:|tirage"
        r"|exemplaires? (?:sur|numérotés)|\bimpr?\. |\btyp(?:\.|ographie) |imprimerie "
        r"|édition de référence",
        re.IGNORECASE,
    ),
    "list of books": re.compile(
        r"\bvol(?:\.|umes?\b)|\bin-(?:4|8|12|16|18|32|folio|octavo)\b"
        r"|\d\s?(?:fr|francs)\b\.?(?: \d|$)|d(?:u|es|e la) mêmes? auteur|déjà parus?"
        r"|dans la même (?:collection|série)|à paraître|en préparation|même librairie"
        r"|en vente (?:à|chez)|chez le même éditeur|disponibles? sur|extrait du catalogue"
        r"|se vend(?:ent)? séparément|\((?:1[5-9]|20)\d\d\)$|, (?:1[5-9]|20)\d\d\.?$"
        r"|éd(?:\.|itions?)\b",
        re.IGNORECASE,
    ),
}
"""One is enough in a line; a sentence must have several."""

HEADINGS: Final[dict[Reason, re.Pattern[str]]] = {
    "list of books": re.compile(
        r"(?<!\W)\W*(?:(?:(?:les |autres )?(?:œuvres|oeuvres|ouvrages|livres|romans|titres)?\s?"
        r"(?:d(?:u|es|e la|e le) mêmes? auteure?s?|de la même auteure?)"
        r"|déjà parus?|dans la même (?:collection|série)|à paraître"
        r"|disponibles? (?:sur|chez)|(?:extrait du |nouveau )?catalogue\b"
        r"|(?:en vente|publications).{0,30}(?:librairie|chez)"
        r"|(?:chez|à) la? même (?:éditeur|librairie)|ouvrages de "
        r"|découvre[zr] (?:aussi|également|d[’']autres)).*)",
        re.IGNORECASE,
    ),
    "e-book site": re.compile(
        r"(?<!\W)\W*(?:(?:[aà] propos (?:"
        r"de (?:cette|ce|l[’'](?:auteur|œuvre|oeuvre|édition))|d[eu] (?:la |l[’'])?"
        r"(?:livre|site|bibliothèque|bibebook|feedbooks|wikisource|gutenberg))"
        r"|note (?:de|du|de la) (?:transcri|numéris|relect)|(?:la )?licen[cs]e|aide[zr][- ]nous"
        r"|télécharger |project gutenberg|transcriber.?s? note|the full project"
        r"|merci (?:de|pour) votre lecture|vous venez de (?:lire|terminer)\b).*"
        r"|(?:ce livre (?:numérique|électronique)|cr[ée]dits|erreurs?|colophon)\W*)",
        re.IGNORECASE,
    ),
    "imprint": re.compile(r"(?<!\W)\W*(?:mentions légales|copyright|imprint).*", re.IGNORECASE),
}
"""Titles of front and back matter."""

ABOUT: Final = re.compile(
    r"(?<!\W)\W*[aà] propos (?:(?:de |d[’'])?(?P<name>[^\W\d][^:]{2,40}?))?\s?:?\W*", re.IGNORECASE
)
"""As a site calls what it says of an author."""
