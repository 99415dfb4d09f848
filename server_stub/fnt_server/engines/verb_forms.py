"""Heuristics for verb forms: finite verbs, infinitives and participles, from their endings."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from fnt_server.engines.lexicon import PROCLITICS, SUBJECTS

_BEFORE_NOUN: Final = frozenset(
    "le la les l un une ce cette son sa mon ma ton ta leur notre votre de d chaque quelque".split()
)
_FORMS: Final = frozenset(
    """est es suis sommes êtes sont était étais étions étiez étaient fut fus furent fût sera serai
    seras serons serez seront serait serais seraient soit sois soient ai as a avons avez ont avait
    avais avions aviez avaient eut eus eurent eût aura aurai auras aurons aurez auront aurait
    aurais auraient ait aie aient va vais vas allons allez vont alla allait irai ira iront irait
    fait fais faites font fit firent fît ferai fera ferait feront dit dis dites disent dirent dira
    dirai dirait dît peut peux peuvent put purent pût pourra pourrai pourrait pourrez puisse
    veut veux veulent voulut voudrai voudra voudrait voudrais doit dois doivent dut dût devra
    devrait faut fallut faudra faudrait fallait sait sais savent sut saura saurait vit vois voit
    voient virent vît verra verrai verrez vient viens viennent vint vinrent vînt viendra viendrait
    tient tiens tiennent tint tinrent tiendra prit prend prends prennent prirent prît prendra mit
    met mets mettent mirent mît mettra crut croit crois croient croirait parut paraît connaît
    connut rit rient rendit rend répondit répond reprit apprit comprit comprends comprend surprit
    partit sortit sentit sent servit sert dormit dort mourut meurt meurs courut
    reçut reçoit aperçut vécut vivent lut boit tut suivit suit perdit perd entendit entend
    attendit attend descendit descend tendit tend vendit ouvrit offrit souffrit couvrit ouvre
    offre souffre finit saisit rougit pâlit frémit réussit choisit remplit obéit remit promit
    permit admit revint devint retint contint soutint appartint parvint survint convint obtint
    assit fuit fuyait suffit suffisait ouvrirent poursuivit interrompit rompit battit
    abattit combattit valut vaut valait plut plaît pleut ignore crie demande semble reste regarde
    aime pense passe parle trouve donne arrive tombe appelle entraîne murmure écrie ajoute
    commence continue laisse ressemble porte mène lève tourne jette voici voilà""".split()
)
_SURE = re.compile(
    r"(?:[ao]i[st]|aient|[èiu]rent|[iî]nrent|[âîû]t|[âîû]mes|(?<![tsxg])ions|..ez|[aeiu]ssent"
    r"|er(?:ai|as|a|ons|ez|ont)|[dr]r(?:ai|as|a|ez|ont)|[^ou]it|ouit|[^oaeé]ut|..[^o]a)$"
)
"""Endings that are almost always those of finite verbs."""
_AFTER_SUBJECT = re.compile(r"(?:e|es|ent|[iu][st]|ds?|(?<!an)ts?|ons)$")
"""Endings that indicate a finite verb only after a pronoun."""
_AFTER_PLURAL = re.compile(r"[^m]ent$")
"""What follows a plural and does not end in `s` is a verb: `ses yeux brillent`."""
_LONGEST_VERB: Final = 40
"""Maximum length of a real word."""
_NOT_VERBS: Final = frozenset(
    """jamais mais mauvais français anglais irlandais écossais palais frais épais marais relais
    désormais laquais biais niais ais lait parfait bienfait méfait forfait souhait portrait trait
    attrait retrait extrait bois mois fois trois autrefois toutefois parfois quelquefois bourgeois
    chinois villageois froid toit endroit droit étroit adroit exploit détroit millions lions pions
    camions champions espions opinions réunions communions chez nez assez rez petit esprit lit habit
    profit appétit récit crédit débit dépit répit écrit subit maudit inédit érudit conflit délit
    granit but début salut tribut statut brut rebut institut substitut zut chut ut mât appât forêt
    prêt goût août coût dégoût croît cela déjà opéra sofa villa papa caméra agenda delà extra
    très après près auprès toujours moment souvent comment vent argent dent gent cent accident
    enfant temps instant sous dans tous plus pas puis dessous dessus vous nous gré rien bien
    parent parents longtemps instants absent absente présente content contente choléra alpaga
    falbala hourra""".split()
)
_NOUNS_TOO: Final = frozenset("lit part but court sort entre charge assis puis".split())
"""Forms that far more often are no verbs, except after a pronoun."""


VerbForm = Literal["always", "not after determiner", "after plural", "after subject", "never"]
"""Whether a form is a finite verb, judging by the word before it."""


def is_verb(word: str, before: str) -> bool:
    """Guess whether a word is a finite verb, from its form and the preceding word.

    Both are lowercase and without punctuation. The guess only affects costs.
    """
    return is_verb_after(verb_form(word), before)


def is_verb_after(form: VerbForm, before: str) -> bool:
    """Return whether a word of this form is a finite verb after another."""
    if form == "never":
        return False
    if form == "always":
        return True
    if form == "not after determiner":
        return before not in _BEFORE_NOUN
    if before in SUBJECTS:
        return True
    return form == "after plural" and before[-1:] in ("s", "x") and before not in PROCLITICS


def verb_form(word: str) -> VerbForm:
    """Return when a lowercase word is a finite verb."""
    return _verb_form(word) if len(word) <= _LONGEST_VERB else "never"


@lru_cache(maxsize=1 << 16)
def _verb_form(word: str) -> VerbForm:
    if word in _NOUNS_TOO:
        return "after subject"
    if word in _FORMS:
        return "not after determiner" if word.endswith("e") else "always"
    if len(word) < 3 or word in _NOT_VERBS:
        return "never"
    if _SURE.search(word):
        return "always"
    if word in PROCLITICS or not _AFTER_SUBJECT.search(word) or is_infinitive(word):
        return "never"
    return "after plural" if _AFTER_PLURAL.search(word) else "after subject"


def verb_form_of_name(word: str) -> VerbForm:
    """Return the same for a capitalized word: `Emma` is none, `Voyez` and `Était` are."""
    return verb_form(word) if word in _FORMS or word.endswith(("ez", "ons", "ait")) else "never"


_PARTICIPLE = re.compile(r"(?:[éu]e?s?|is|it|i)$")


def is_participle(word: str) -> bool:
    """Guess from its form whether a lowercase word after `avoir` is a past participle."""
    return bool(_PARTICIPLE.search(word))


_INFINITIVE = re.compile(r"(?:er|ir|ire|dre|ttre|[îê]tre|ivre|mpre|ncre|clure)$")
_NOT_INFINITIVE: Final = frozenset(
    """hier mer fer cher premier dernier entier léger fier papier foyer métier quartier escalier
    cahier tablier panier soulier rocher berger boucher étranger danger janvier février notaire
    père mère frère votre notre autre entre contre terre encore heure mystère colère manière lumière
    rivière prière première dernière arrière derrière guerre pierre verre lettre maître fenêtre
    centre ventre ombre nombre chambre membre livre pauvre sombre libre propre noire gloire histoire
    mémoire victoire noir soir espoir désir plaisir loisir soupir souvenir avenir ordre cadre
    poudre théâtre quatre sucre titre chapitre ministre air clair chair hiver amer ancre
    hêtre prêtre ancêtre ivre cuivre givre empire navire satire cendre désordre moindre tendre pire
    affaire salaire vulgaire ordinaire contraire militaire populaire armoire ivoire poire foire
    cire cuir désir martyre notoire solitaire libraire vicaire adversaire fumier
    cavalier officier courrier""".split()
)


def is_infinitive(word: str) -> bool:
    """Guess from its form whether a lowercase word is an infinitive."""
    return 3 < len(word) <= _LONGEST_VERB and _is_infinitive(word)


@lru_cache(maxsize=1 << 16)
def _is_infinitive(word: str) -> bool:
    return bool(_INFINITIVE.search(word)) and word not in _NOT_INFINITIVE
