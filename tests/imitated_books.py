"""Books as sites and publishers wrap them, imitated; `§` marks what is the author's."""

from __future__ import annotations

from imitations import STORY, Imitation

GUTENBERG_END = """
|
| End of the Project Gutenberg EBook of La Lampe du bac, by Paul Arnoux
| *** END OF THIS PROJECT GUTENBERG EBOOK LA LAMPE DU BAC ***
|
| Updated editions will replace the previous one--the old editions will be renamed.
| Creating the works from public domain print editions means that no one owns a United States \
copyright in these works, so the Foundation (and you!) can copy and distribute it.
|
# *** START: FULL LICENSE ***
| Section 1. General Terms of Use and Redistributing electronic works
| 1.B. It may only be used on or associated in any way with an electronic work by people who \
agree to be bound by the terms of this agreement.
| Most people start at our Web site which has the main search facility.
"""

BOOKS = {
    "gutenberg": Imitation(
        title="La Lampe du bac",
        author="Paul Arnoux",
        pages=[
            """
= LA LAMPE DU BAC
+ Paul Arnoux
+ (1850-1932)
+ Paris, Calmann Lévy, 1891
""",
            """
# Project Gutenberg
| The Project Gutenberg EBook of La Lampe du bac, by Paul Arnoux
| This eBook is for the use of anyone anywhere at no cost and with almost no restrictions \
whatsoever. You may copy it, give it away or re-use it under the terms of the License.
| Title: La Lampe du bac
| Author: Paul Arnoux
| Language: French
| *** START OF THIS PROJECT GUTENBERG EBOOK LA LAMPE DU BAC ***
""",
            STORY,
            GUTENBERG_END,
        ],
    ),
    "ebooksgratuits": Imitation(
        title="LE PASSEUR",
        author="Henri Vauclair",
        info={"title": "Microsoft Word - vauclair_passeur.doc", "author": "Coolmicro"},
        pages=[
            """
+ Henri Vauclair
= LE PASSEUR
+ (1868)
|
+ Édition du groupe « Ebooks libres et gratuits »
""",
            """
# Table des matières
| Chapitre 1 ............................................. 3
| Chapitre 2 ............................................. 5
| Chapitre 3 ............................................. 8
| À propos de cette édition électronique ................. 12
""",
            STORY,
            """
# À propos de cette édition électronique
+ Texte libre de droits.
+ Corrections, édition, conversion informatique et publication par le groupe :
+ Ebooks libres et gratuits
+ http://fr.groups.yahoo.com/group/ebooksgratuits
+ Adresse du site web du groupe :
+ http://www.ebooksgratuits.com/
+ -
+ Décembre 2005
+ -
| - Élaboration de ce livre électronique :
  Les membres de Ebooks libres et gratuits qui ont participé à l'élaboration de ce livre, sont : \
Vincent, Jean-Marc, Coolmicro et Fred.
| - Dispositions :
  Les livres que nous mettons à votre disposition, sont des textes libres de droits, que vous \
pouvez utiliser librement, à une fin non commerciale et non professionnelle. Tout lien vers notre \
site est bienvenu...
| - Qualité :
  Les textes sont livrés tels quels sans garantie de leur intégrité parfaite par rapport à \
l'original. Nous rappelons que c'est un travail d'amateurs non rétribués et que nous essayons de \
promouvoir la culture littéraire avec de maigres moyens.
+ Votre aide est la bienvenue !
+ VOUS POUVEZ NOUS AIDER À FAIRE CONNAÎTRE CES CLASSIQUES LITTÉRAIRES.
""",
        ],
    ),
    "wikisource": Imitation(
        title="La Nuit sur l'eau",
        author="Jeanne Morel",
        info={"title": "La Nuit sur l'eau", "author": "Jeanne Morel"},
        heading="{}",
        pages=[
            """
+ Jeanne Morel
|
= La Nuit sur l'eau
|
+ Librairie Hachette, 1902
|
+ Exporté de Wikisource le 12 avril 2021
""",
            """
§+ À ma sœur Louise.
""",
            STORY,
            """
# À propos de cette édition électronique
  Ce livre électronique est issu de la bibliothèque numérique Wikisource. Cette bibliothèque \
numérique multilingue, construite par des bénévoles, a pour but de mettre à la disposition du \
plus grand nombre tout type de documents publiés (roman, poèmes, revues, lettres, etc.)
  Nous le faisons gratuitement, en ne rassemblant que des textes du domaine public ou sous \
licence libre. En ce qui concerne les livres sous licence libre, vous pouvez les utiliser de \
manière totalement libre, en respectant les clauses de la licence Creative Commons BY-SA 3.0.
  Wikisource est constamment à la recherche de nouveaux membres. N'hésitez pas à nous rejoindre.
  Les contributeurs suivants ont permis la réalisation de ce livre :
| Yann
| Ernest-Mtl
| Hsarrazin
""",
        ],
    ),
    "bibebook": Imitation(
        title="LES EAUX GRISES",
        author="LOUIS ROCHAT",
        pages=[
            """
+ LOUIS ROCHAT
= LES EAUX GRISES
+ BIBEBOOK
""",
            """
+ LOUIS ROCHAT
= LES EAUX GRISES
+ 1880
|
+ Un texte du domaine public.
+ Une édition libre.
+ ISBN-978-2-8247-1074-9
+ BIBEBOOK
+ www.bibebook.com
""",
            """
# À propos de Bibebook :
  Vous avez la certitude, en téléchargeant un livre sur Bibebook.com de lire un livre de qualité :
  Nous apportons un soin particulier à la qualité des textes, à la mise en page, à la \
typographie, à la navigation à l'intérieur du livre, et à la cohérence à travers toute la \
collection.
  Les ebooks distribués par Bibebook sont réalisés par des bénévoles de l'Association de \
Promotion de l'Écriture et de la Lecture, qui a comme objectif : la promotion de l'écriture et de \
la lecture, la diffusion, la protection, la conservation et la restauration de l'écrit.
# Aidez nous :
  Vous pouvez nous rejoindre et nous aider, sur le site de Bibebook.
# Erreurs :
  Toutes les éditions ont été corrigées et/ou réalisées par nos équipes. Si vous trouvez des \
erreurs, merci de les signaler à : error@bibebook.com
# Credits
| Sources :
| - B.N.F.
| Fontes :
| - Philipp H. Poll
""",
            """
# Licence
  Le texte suivant est une œuvre du domaine public édité sous la licence Creative Commons BY-SA
  Cette œuvre est publiée sous la licence CC-BY-SA, ce qui signifie que vous pouvez légalement la \
copier, la redistribuer, l'envoyer à vos amis. Vous êtes d'ailleurs encouragé à le faire.
""",
            STORY,
            """
# Table des matières
| 1 Chapitre 1
| 2 Chapitre 2
| 3 Chapitre 3
|
+ Une édition
+ BIBEBOOK
+ www.bibebook.com
|
+ Achevé d'imprimer en France le 24 décembre 2014.
""",
        ],
    ),
    "gallica": Imitation(
        title="AU FIL DU FLEUVE",
        author="ÉMILE ROUVIER",
        pages=[
            """
+ Au fil du fleuve / par Émile Rouvier
|
+ Source gallica.bnf.fr / Bibliothèque nationale de France
""",
            """
| Rouvier, Émile (1841-1912). Auteur du texte. Au fil du fleuve / par Émile Rouvier. 1875.
|
  1/ Les contenus accessibles sur le site Gallica sont pour la plupart des reproductions \
numériques d'oeuvres tombées dans le domaine public provenant des collections de la BnF. Leur \
réutilisation s'inscrit dans le cadre de la loi n°78-753 du 17 juillet 1978 :
  - La réutilisation non commerciale de ces contenus est libre et gratuite dans le respect de la \
législation en vigueur et notamment du maintien de la mention de source.
  2/ Les contenus de Gallica sont la propriété de la BnF au sens de l'article L.2112-1 du code \
général de la propriété des personnes publiques.
""",
            """
= AU FIL DU FLEUVE
+ PAR
+ ÉMILE ROUVIER
|
+ PARIS
+ E. DENTU, ÉDITEUR
+ 1875
+ Tous droits réservés
""",
            STORY,
            """
+ PARIS. - IMPRIMERIE ÉMILE MARTINET, RUE MIGNON, 2
""",
        ],
    ),
    "pocket": Imitation(
        title="Le Quai aux herbes",
        author="Claire Vasseur",
        info={"title": "INT QUAI AUX HERBES.indd", "author": "PAO2"},
        pages=[
            """
+ Le Quai aux herbes
""",
            """
+ DU MÊME AUTEUR
|
+ Aux Éditions du Quai
|
| La Graine, roman, 1989
| Les Barques (prix du Littoral), 1993
| Une lampe pour Ève, 1996
""",
            """
+ Claire Vasseur
= Le Quai aux herbes
+ roman
|
+ Éditions du Quai
""",
            """
+ © Éditions du Quai, 2001
+ Tous droits de traduction, d'adaptation et de reproduction réservés pour tous pays.
+ ISBN : 2-07-036822-X
""",
            """
§+ Pour Antoine
""",
            """
§+ « Les morts n'ont jamais froid aux pieds. »
§> Dicton du port
""",
            STORY,
            """
# Remerciements
§  Merci à Paule, qui a relu ces pages plus souvent que moi, et à mon fils, qui n'en a lu aucune.
""".replace("# Rem", "§# Rem"),
            """
+ Composition et mise en page
+ par NORD COMPO à Villeneuve-d'Ascq
|
+ Achevé d'imprimer sur Roto-Page
+ par l'imprimerie Floch à Mayenne, le 12 mars 2001.
+ Dépôt légal : mars 2001.
+ Numéro d'imprimeur : 50783.
+ ISBN 2-07-036822-X / Imprimé en France.
""",
        ],
    ),
    "paris_1860": Imitation(
        title="LES MYSTÈRES DU BAC",
        author="JULES AMAURY",
        pages=[
            """
+ LES MYSTÈRES DU BAC
""",
            """
+ OUVRAGES DE JULES AMAURY
|
| LE MOULIN ROUGE, 2 vol. in-8.
| LA DAME DU QUAI, 1 vol. in-18. . . . . . . 3 fr. 50
| UNE NUIT DE NOËL, 1 vol.
|
+ Paris. - Typ. de Ch. Lahure, rue de Fleurus, 9.
""",
            """
= LES MYSTÈRES DU BAC
+ PAR
+ JULES AMAURY
|
+ DEUXIÈME ÉDITION
|
+ PARIS
+ L. HACHETTE ET Cie
+ 1860
+ Droit de traduction réservé
""",
            """
§# PRÉFACE
§  Ce récit m'a été fait par un vieillard de Dieppe, un soir que la mer grondait. Je le donne tel \
que je l'ai reçu, sans rien ajouter, et je prie le lecteur de croire que je n'y ai aucun mérite.
§  On me dira qu'il est invraisemblable. Je répondrai que la vie l'est davantage, et que j'ai vu, \
de mes yeux, la lampe dont il est parlé au second chapitre.
§> J. A.
""",
            STORY,
            """
+ FIN
""".replace("+ FIN", "§+ FIN"),
            """
# TABLE DES CHAPITRES
|
  Chapitre 1. - Où le passeur refuse une pièce d'or. - Une lampe éteinte. - Ce que disait la \
vieille. ................ 1
  Chapitre 2. - La nuit du 6 mars. - Le bac ne répond plus. - Arrivée des gendarmes et de leur \
brigadier. ................ 25
  Chapitre 3. - Où l'on apprend le nom de la voyageuse. - Le retour. ................ 49
""",
            """
+ EXTRAIT DU CATALOGUE
+ DE LA BIBLIOTHÈQUE DES CHEMINS DE FER
|
| ABOUT (Edm.). Germaine. . . . . . . . . . . 2 fr. »
| ACHARD (A.). Le Clos Pommier. . . . . . . . 1 fr. 50
| BERNARD (Ch. de). Gerfaut. . . . . . . . . . 2 fr. »
""",
        ],
    ),
    "bare summary": Imitation(
        title="Trois lettres du port",
        author="Anne Kervran",
        info={"title": "Trois lettres du port", "author": "Kervran, Anne"},
        pages=[
            """
= Trois lettres du port
+ Anne Kervran
""",
            """
# Sommaire
| Chapitre 1
  Où le passeur refuse une pièce d'or et garde une lampe.
| Chapitre 2
  La nuit du 6 mars, et ce qu'il en advint pour le brigadier.
| Chapitre 3
  Où l'on apprend le nom de la voyageuse.
""",
            STORY,
        ],
    ),
    "nothing around": Imitation(
        title=None,
        author=None,
        pages=[STORY],
    ),
    "letters": Imitation(
        title="Lettres d'une voyageuse",
        author="Anne Kervran",
        info={"title": "Lettres d'une voyageuse", "author": "Anne Kervran"},
        heading="Lettre {}",
        pages=[
            """
= Lettres d'une voyageuse
+ Anne Kervran
""",
            """
§# À mon éditeur
§  Vous m'avez demandé, monsieur, le catalogue de mes voyages, et une traduction de mes notes. \
Voici l'un ; pour l'autre, je suis une pauvre femme qui ne sait que le français, et vous aussi.
§> Anne K.
""",
            """
§+ Honfleur, 12 mars 1845.
§  Ma chère Louise, l'imprimeur du quai m'a fait porter ce matin tous les volumes que tu voulais \
vendre. Il en donne trois francs, et le port. Je lui ai répondu que nous verrions.
§  Que veux-tu que j'y fasse ? Je n'ai plus le cœur à compter.
""",
            STORY,
            """
§  Paris, 3 avril 1846.
§  Tout est fini. L'imprimerie a brûlé hier, et avec elle tous les exemplaires de mon livre.
§> Ta sœur, A.
""",
        ],
    ),
}
