"""French function words and fixed locutions."""

from __future__ import annotations

from typing import Final

NUMERALS: Final = frozenset(
    """deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt
    trente quarante cinquante soixante cent mille""".split()
)
PROCLITICS: Final = NUMERALS | frozenset(
    """le la les l un une des du de d au aux à en dans sur sous par pour avec sans chez vers entre
    je j tu il elle on nous vous ils elles ne n se s me m te t que qu qui dont où et ou ni mais
    car donc si comme ce cet cette ces mon ton son ma ta sa mes tes ses notre votre leur leurs
    nos vos quel quelle quels quelles lesquels lesquelles très plus moins trop aussi est sont
    était étaient fut a ai as avait avaient ont suis es c lorsque quand lorsqu puisque parce
    afin dès quoique jusque jusqu y lui malgré contre devant derrière parmi selon depuis pendant
    avant après tout toute tous toutes chaque quelque quelques aucun aucune nul nulle plusieurs
    bien si fort assez tant peu pas être avoir sera serait seront seraient aura aurait furent
    eut eurent avais étais étions avions sommes êtes avez avons aient ait soit soient fût eût
    celui celle ceux celles ci cela beaucoup jamais presque encore grand grande petit petite bon
    bonne vieux vieille beau belle jeune même mêmes autre autres premier première seul seule ce
    comment combien pourquoi lequel laquelle fait faire laisser puis""".split()
)
"""Words bound to the next one; a piece that ends with one seems cut off."""
FREE_BEFORE_GROUP: Final = frozenset(
    """pas bien fort assez tant peu beaucoup encore jamais presque même mêmes autre autres premier
    première seul seule petit petite grand grande bon bonne vieux vieille beau belle jeune elle lui
    elles nous vous eux tout tous toutes trop plus moins faire avant après devant depuis derrière
    cela pourquoi""".split()
)
"""Those that are not bound to a preposition or conjunction: `elle | qui`, `pas | dans`."""
FREE_BEFORE_OBJECT: Final = frozenset("pas encore aussi jamais".split())
"""Those that are not bound to a definite object either: `pas | la maison`."""
DEFINITE: Final = frozenset(
    """le la les l ce cet cette ces mon ton son ma ta sa mes tes ses notre votre nos vos leur
    leurs""".split()
)

AVOIR: Final = frozenset(
    """ai as a avons avez ont avait avais avions aviez avaient eut eus eurent eût aura aurai auras
    aurons aurez auront aurait aurais auraient ait aie aient avoir ayant""".split()
)
AUXILIARIES: Final = AVOIR | frozenset(
    """est es suis sommes êtes sont était étais étions étiez étaient fut fus furent fût sera serai
    seras serons serez seront serait serais seraient soit sois soient être été étant""".split()
)
BOUND: Final = PROCLITICS - FREE_BEFORE_GROUP - FREE_BEFORE_OBJECT - AUXILIARIES
"""Those that are bound to whatever follows."""
OF: Final = frozenset(("de", "du", "des", "d"))
TO: Final = frozenset(("à", "au", "aux"))

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
DETERMINERS: Final = NUMERALS | frozenset(
    """le la les l un une des ce cet cette ces mon ton son ma ta sa mes tes ses notre votre nos vos
    leur leurs chaque quelque quelques tous toutes toute plusieurs""".split()
)
COORDINATORS: Final = frozenset("et ou ni mais car donc or puis".split())
RELATIVES: Final = frozenset("qui que qu dont où lequel laquelle lesquels lesquelles".split())
CONJUNCTIONS: Final = RELATIVES | frozenset(
    """lorsque lorsqu quand si comme parce puisque puisqu tandis afin quoique
    quoiqu duquel auquel sinon""".split()
)
MAY_SUBORDINATE: Final = CONJUNCTIONS | {"s", "si"}
SUBJECT_PRONOUNS: Final = frozenset("je j tu il elle on nous vous ils elles ce c".split())
STRESSED_PRONOUNS: Final = frozenset("moi toi lui elle nous vous eux elles cela ça jamais".split())
PREPOSITIONS: Final = frozenset(
    """à au aux de du des d dans sur sous par avec chez vers en entre contre malgré devant derrière
    parmi selon pour sans avant après jusque jusqu dès pendant depuis durant outre hors près auprès
    autour""".split()
)
GROUP_STARTS: Final = PREPOSITIONS | CONJUNCTIONS | COORDINATORS
NOUN_GROUP_STARTS: Final = PREPOSITIONS | CONJUNCTIONS | DETERMINERS
NEGATIONS: Final = frozenset(
    "pas plus jamais guère point rien que qu personne aucun aucune nul".split()
)
BEFORE_QUE: Final = frozenset(
    """plus moins autant tandis bien alors avant sans pour afin ainsi parce tant tel telle aussi
    plutôt même dès depuis pendant mesure mieux cher lors après quoi puis tels telles voici
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
