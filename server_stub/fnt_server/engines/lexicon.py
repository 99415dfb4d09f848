"""French function words, and heuristics for finite verbs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

PROCLITICS: Final = frozenset(
    """le la les l un une des du de d au aux à en dans sur sous par pour avec sans chez vers entre
    je j tu il elle on nous vous ils elles ne n se s me m te t que qu qui dont où et ou ni mais car
    donc si comme ce cet cette ces mon ton son ma ta sa mes tes ses notre votre leur leurs nos vos
    quel quelle quels quelles lesquels lesquelles très plus moins trop aussi est sont était étaient fut a ai as avait
    avaient ont suis es c lorsque quand lorsqu puisque parce afin dès quoique jusque jusqu y lui
    malgré contre devant derrière parmi selon depuis pendant avant après tout toute tous toutes
    chaque quelque quelques aucun aucune nul nulle plusieurs deux trois quatre cinq six dix cent
    mille bien si fort assez tant peu pas être avoir sera serait seront seraient aura aurait furent
    eut eurent avais étais étions avions sommes êtes avez avons aient ait soit soient fût eût
    celui celle ceux celles ci cela beaucoup jamais presque encore grand grande petit petite bon
    bonne vieux vieille beau belle jeune même mêmes autre autres premier première seul seule
    ce comment combien pourquoi lequel laquelle fait faire laisser puis""".split()
)
"""Words bound to the next one; a piece that ends with one seems cut off."""
FREE_BEFORE_GROUP: Final = frozenset(
    """pas bien fort assez tant peu beaucoup encore jamais presque même mêmes autre autres premier
    première seul seule petit petite grand grande bon bonne vieux vieille beau belle jeune elle lui
    elles nous vous eux tout tous toutes trop plus moins faire avant après devant depuis derrière cela
    pourquoi""".split()
)
"""Those that are not bound to a preposition or conjunction: `elle | qui`, `pas | dans`."""
FREE_BEFORE_OBJECT: Final = frozenset("pas encore aussi jamais".split())
"""Those that are not bound to a definite object either: `pas | la maison`."""
DEFINITE: Final = frozenset(
    "le la les l ce cet cette ces mon ton son ma ta sa mes tes ses notre votre nos vos leur leurs".split()
)

ENCLITICS: Final = frozenset("pas point guère ci là donc".split())
"""Words bound to the previous one."""

TITLES: Final = frozenset(
    "M MM Mr Mrs Mme MME Mmes Mlle MLLE Mlles Dr Me Mgr St Ste Cf cf Jr Sr Esq Vve Pr".split()
)

OBJECTS: Final = frozenset("le la les l".split())
"""Pronouns that may stand between subject and verb; more often they are articles."""
SUBJECTS: Final = frozenset(
    "je j tu il elle on nous vous ils elles qui ne n se s me m te t y ce c cela ça lui leur".split()
)
DETERMINERS: Final = frozenset(
    """le la les l un une des ce cet cette ces mon ton son ma ta sa mes tes ses notre votre nos vos
    leur leurs chaque quelque quelques tous toutes toute deux trois quatre cinq six dix cent
    mille plusieurs""".split()
)
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
    if word in _NOUNS_TOO:
        return "after subject"
    if word in _FORMS:
        return "not after determiner" if word.endswith("e") else "always"
    if not 3 <= len(word) <= _LONGEST_VERB or word in _NOT_VERBS:
        return "never"
    if _SURE.search(word):
        return "always"
    if word in PROCLITICS or not _AFTER_SUBJECT.search(word) or is_infinitive(word):
        return "never"
    return "after plural" if _AFTER_PLURAL.search(word) else "after subject"


def verb_form_of_name(word: str) -> VerbForm:
    """Return the same for a capitalized word: `Emma` is none, `Voyez` and `Était` are."""
    return verb_form(word) if word in _FORMS or word.endswith(("ez", "ons", "ait")) else "never"


AVOIR: Final = frozenset(
    """ai as a avons avez ont avait avais avions aviez avaient eut eus eurent eût aura aurai auras
    aurons aurez auront aurait aurais auraient ait aie aient avoir ayant""".split()
)
ETRE: Final = frozenset(
    """est es suis sommes êtes sont était étais étions étiez étaient fut fus furent fût sera serai
    seras serons serez seront serait serais seraient soit sois soient être été étant""".split()
)
_PARTICIPLE = re.compile(r"(?:[éu]e?s?|is|it|i)$")


def is_participle(word: str) -> bool:
    """Guess from its form whether a lowercase word after `avoir` is a past participle."""
    return bool(_PARTICIPLE.search(word))


COORDINATORS: Final = frozenset("et ou ni mais car donc or puis".split())
RELATIVES: Final = frozenset("qui que qu dont où lequel laquelle lesquels lesquelles".split())
CONJUNCTIONS: Final = RELATIVES | frozenset(
    """lorsque lorsqu quand si comme parce puisque puisqu tandis afin quoique
    quoiqu duquel auquel sinon""".split()
)
SUBJECT_PRONOUNS: Final = frozenset("je j tu il elle on nous vous ils elles ce c".split())
STRESSED_PRONOUNS: Final = frozenset("moi toi lui elle nous vous eux elles cela ça jamais".split())
PREPOSITIONS: Final = frozenset(
    """à au aux de du des d dans sur sous par avec chez vers en entre contre malgré devant derrière
    parmi selon pour sans avant après jusque jusqu dès pendant depuis durant outre hors près auprès
    autour""".split()
)
NEGATIONS: Final = frozenset(
    "pas plus jamais guère point rien que qu personne aucun aucune nul".split()
)
BEFORE_QUE: Final = frozenset(
    """plus moins autant tandis bien alors avant sans pour afin ainsi parce tant tel telle aussi
    plutôt même dès depuis pendant mesure mieux cher lors quoi puis tels telles voici
    voilà""".split()
)
ANTECEDENTS: Final = frozenset("ce celui celle ceux celles tout tous rien".split())
BEFORE_DE: Final = frozenset(
    """sein milieu autour hors loin long face côté dessous dessus bout travers lieu cause lors
    près fond tas foule sorte espèce paire série nombre plupart partie quantité moyen sujet
    force peu beaucoup tant assez trop plus moins afin air coup faute manière façon
    quinzaine dizaine centaine douzaine vingtaine trentaine soixantaine millier milliers
    pied auprès fur quelque rien avant bien sortes espèces bord bords plein pleine pleins pleines
    provision""".split()
)
LOCUTIONS: Final = frozenset(
    tuple(pair.split("_"))
    for pair in """tout_à coup_sûr peu_à peu_près temps_en temps_à tour_à jour_en jusqu_à face_à
    quant_à vis_à grâce_à tête_à côte_à mot_à il_y sur_le un_peu tout_de tout_le tout_en
    d_abord madame_la monsieur_le monsieur_l haut_en bas_en peu_après peu_avant long_en
    venons_de venez_de viens_de vient_de viennent_de venait_de venaient_de venais_de
    point_de quoi_de""".split()
)
MODALS: Final = frozenset(
    """peut peux pouvait pouvaient pouvez pouvons peuvent put purent pourra pourrait pouvoir pu
    veut veux voulait voulaient voulut voulu vouloir voudrait doit devait devaient dut
    doivent devoir dû devrait faut fallait fallut faudrait faudra fait faisait font fit
    firent faire fera laissa laisse laissait laisser va vais vas vont allait allaient alla
    aller ose osait osa sait savait semblait semble parut paraissait vint venait vient viens
    voir vit voyait sentait sentit entendit entendait est était sera""".split()
)
BEGINNERS: Final = frozenset(
    """mit mis met mets mettait mettaient mirent mettre commença commençait commencèrent commence
    commencer commencé""".split()
)
"""Verbs that say no more than that what follows begins: `se mit à courir`."""
COMPARATIVES: Final = frozenset("plus moins aussi si autant mieux".split())
ADVERBS: Final = frozenset(
    """bien mal mieux encore toujours déjà souvent jamais ici là ainsi alors aussi ensuite enfin
    seulement presque trop assez très fort tout peu beaucoup tant plus moins même ensemble debout
    partout vite loin près tard tôt bientôt maintenant aujourd hui hier demain parfois
    dehors dedans dessus dessous""".split()
)
ADJECTIVES_BEFORE_NOUN: Final = frozenset(
    """grand grande grands grandes petit petite petits petites gros grosse grosses bon bonne bons
    bonnes beau bel belle beaux belles vieux vieil vieille jeune jeunes mauvais mauvaise premier
    première second seconde dernier dernière autre autres même mêmes seul seule pauvre pauvres long
    longue longs longues nouveau nouvelle haut haute double triple simple vrai vraie certain
    certaine certains certaines divers diverses différents différentes quelque plusieurs noble
    immense énorme large cher chère joli jolie brave""".split()
)
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
    cire cuir désir martyre notoire solitaire libraire vicaire adversaire""".split()
)


def is_infinitive(word: str) -> bool:
    """Guess from its form whether a lowercase word is an infinitive."""
    return 3 < len(word) <= _LONGEST_VERB and _is_infinitive(word)


@lru_cache(maxsize=1 << 16)
def _is_infinitive(word: str) -> bool:
    return bool(_INFINITIVE.search(word)) and word not in _NOT_INFINITIVE
