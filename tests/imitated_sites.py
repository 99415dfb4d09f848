"""More of them, frozen before the code was written: sites, and a novel that speaks of printing."""

# ruff: noqa: E501 -- paragraphs are lines

from __future__ import annotations

from imitations import STORY, Imitation

MORE_BOOKS = {
    "feedbooks": Imitation(
        title="Le Passeur de l'aube",
        author="Henri Vauclair",
        info={"title": "Le Passeur de l'aube", "author": "Henri Vauclair"},
        pages=[
            """
= Le Passeur de l'aube
+ Vauclair, Henri
+
+ Publication: 1884
+ Catégorie(s): Fiction, Romans
+ Source: http://www.ebooksgratuits.com
""",
            """
| A Propos Vauclair:
| Henri Vauclair, né à Dieppe le 5 août 1850 et mort à Paris le 6 juillet 1893, est un écrivain français. Lié à Gustave Flaubert et à Émile Zola, il a marqué la littérature française par ses six romans, dont Une barque en 1883, mais surtout par ses nouvelles, parfois intitulées contes. Ces oeuvres retiennent l'attention par leur force réaliste et par le pessimisme qui s'en dégage le plus souvent. Source: Wikipedia
|
| Disponible sur Feedbooks pour Vauclair:
| • Une barque (1883)
| • La Rive grise (1885)
| • Contes du port (1887)
|
| Note: This book is brought to you by Feedbooks
| http://www.feedbooks.com
| Strictly for personal use, do not use this file for commercial purposes.
""",
            STORY,
            """
+ www.feedbooks.com
+ Food for the mind
""",
        ],
    ),
    "beq": Imitation(
        title="Les gens du bac",
        author="Marie Delorme",
        pages=[
            """
+ Marie Delorme
= Les gens du bac
+ roman
+
+ BeQ
""",
            """
+ Marie Delorme
+
= Les gens du bac
+ roman
+
+ La Bibliothèque électronique du Québec
+ Collection À tous les vents
+ Volume 412 : version 1.0
""",
            """
+ De la même auteure, à la Bibliothèque :
+
+ L'Ombre du moulin
+ La Veuve du capitaine
+ Trois soeurs
""",
            """
= Les gens du bac
+ Édition de référence :
+ Paris, Calmann-Lévy, éditeurs, 1889.
+ Nouvelle édition.
""",
            """
§+ À ma grand-mère, qui savait attendre.
""",
            STORY,
            """
+ Cet ouvrage est le 412e publié
+ dans la collection À tous les vents
+ par la Bibliothèque électronique du Québec.
+
+ La Bibliothèque électronique du Québec
+ est la propriété exclusive de
+ Jean-Yves Dupuis.
""",
        ],
    ),
    "bnr": Imitation(
        title="LE BAC DE SAINT-OURS",
        author="Louis Rochat",
        info={"title": "Microsoft Word - rochat_bac_saint_ours.doc", "author": "admin"},
        pages=[
            """
+ Louis Rochat
= LE BAC DE SAINT-OURS
+ 1902
+
+ bibliothèque numérique romande
+ ebooks-bnr.com
""",
            """
# TABLE DES MATIÈRES
| Préface ................................................ 4
| CHAPITRE PREMIER LE PASSEUR .......................... 6
| CHAPITRE II LA LAMPE .................................. 9
| CHAPITRE III LE RETOUR ............................... 13
| Ce livre numérique ..................................... 18
""",
            """
§# Préface
§  Ce petit livre n'a pas d'autre ambition que de rappeler un métier disparu. J'ai connu, enfant, le dernier passeur de notre rivière ; il m'a raconté ce qu'on va lire, un soir d'automne, devant le feu.
§  Je n'ai rien changé à son récit, sinon les noms. Qu'on me pardonne les lenteurs : elles sont de lui, et le fleuve aussi était lent.
§> L. R.
""",
            STORY,
            """
# Ce livre numérique
|
| a été édité par la
| bibliothèque numérique romande
| https://ebooks-bnr.com/
| en décembre 2015.
|
|  — Élaboration :
  Ont participé à l'édition, aux corrections, aux conversions et à la publication de ce livre numérique : Isabelle, Françoise, Danielle.
|  — Sources :
  Ce livre numérique est réalisé principalement d'après : Rochat (Louis), Le Bac de Saint-Ours, Lausanne, Payot, 1902. D'autres éditions ont pu être consultées en vue de l'établissement du présent texte. La photo de première page, Au bord de l'eau, a été prise par Sylvie Savary.
|  — Dispositions :
  Ce livre numérique - basé sur un texte libre de droit - est à votre disposition. Vous pouvez l'utiliser librement, sans le modifier, mais vous ne pouvez en utiliser la partie d'édition spécifique (notes de la BNR, présentation éditeur, photos et maquettes, etc.) à des fins commerciales et professionnelles sans l'autorisation de la BNR. Merci d'en indiquer la source en cas de reproduction. Tout lien vers notre site est bienvenu...
|  — Qualité :
  Nous sommes des bénévoles, passionnés de littérature. Nous faisons de notre mieux mais cette édition peut toutefois être entachée d'erreurs et l'intégrité parfaite du texte par rapport à l'original n'est pas garantie. Nos moyens sont limités et votre aide nous est indispensable ! Aidez-nous à réaliser ces livres et à les faire connaître...
|  — Autres sites de livres numériques :
  Plusieurs sites partagent un catalogue commun qui répertorie un ensemble d'ebooks et en donne le lien d'accès. Vous pouvez consulter ce catalogue à l'adresse : www.noslivres.net.
""",
        ],
    ),
    "litteratura": Imitation(
        title="La Lampe éteinte",
        author="Paul Arnoux",
        info={"title": "La Lampe éteinte", "author": "Litteratura.com"},
        heading="{}",
        pages=[
            """
= La Lampe éteinte
+ Paul Arnoux
+
+ Texte édité par Littératura.com
+ Retrouvez ce livre et des centaines d'autres sur www.litteratura.com
""",
            """
+ Paul Arnoux
+ La Lampe éteinte
+ Nouvelle - 1891
+
§+ « Toute eau qui passe emporte un nom. »
§> Proverbe des mariniers
""",
            STORY,
            """
  Vous venez de lire La Lampe éteinte, de Paul Arnoux.
  Cette édition a été préparée pour Littératura.com à partir d'un texte du domaine public. Sa mise en page et sa présentation sont la propriété de l'éditeur ; toute reproduction à but commercial est interdite.
  D'autres textes vous attendent sur notre site : www.litteratura.com
""",
        ],
    ),
    "atramenta": Imitation(
        title="Nuit sur le fleuve",
        author="Jeanne Morel",
        info={"title": "Nuit sur le fleuve", "author": "Jeanne Morel"},
        pages=[
            """
= Nuit sur le fleuve
+ Jeanne Morel
+
+ Oeuvre publiée sous licence Licence Art Libre (LAL 1.3)
+ En lecture libre sur Atramenta.net
""",
            STORY,
            """
§+ FIN
|
+ Merci pour votre lecture
  Vous pouvez maintenant :
| - Donner votre avis à propos de cette oeuvre
| - Découvrir d'autres oeuvres du même auteur
| - Découvrir d'autres oeuvres dans notre catalogue « Romans »
| Ou tout simplement vous rendre sur www.atramenta.net
""",
        ],
    ),
    "flowing_gutenberg": Imitation(
        title="Le vieux passeur",
        author="Alphonse Garnier",
        flowing=True,
        numbered=False,
        font="Courier",
        size=9,
        pages=[
            """
| The Project Gutenberg EBook of Le vieux passeur, by Alphonse Garnier
|
| This eBook is for the use of anyone anywhere at no cost and with
| almost no restrictions whatsoever.  You may copy it, give it away or
| re-use it under the terms of the Project Gutenberg License included
| with this eBook or online at www.gutenberg.net
|
| Title: Le vieux passeur
| Author: Alphonse Garnier
| Release Date: November 26, 2004 [EBook #14155]
| Language: French
|
| *** START OF THIS PROJECT GUTENBERG EBOOK LE VIEUX PASSEUR ***
|
| Produced by Carlo Traverso, Eric Vautier and the Online Distributed
| Proofreading Team.
|
|
+ ALPHONSE GARNIER
+ LE VIEUX PASSEUR
+ PARIS
+ CHARPENTIER, ÉDITEUR
+ 1871
|
""",
            STORY,
            """
|
| End of the Project Gutenberg EBook of Le vieux passeur, by Alphonse Garnier
|
| *** END OF THIS PROJECT GUTENBERG EBOOK LE VIEUX PASSEUR ***
|
| ***** This file should be named 14155-8.txt or 14155-8.zip *****
| This and all associated files of various formats will be found in:
|         http://www.gutenberg.net/1/4/1/5/14155/
|
| Updated editions will replace the previous one--the old editions
| will be renamed.
|
| Creating the works from public domain print editions means that no
| one owns a United States copyright in these works, so the Foundation
| (and you!) can copy and distribute it in the United States without
| permission and without paying copyright royalties.
|
| 1.A.  By reading or using any part of this work, you indicate that you
| have read, understand, agree to and accept all the terms of this license
| and intellectual property agreement.  If you do not agree to abide by all
| the terms of this agreement, you must cease using and return or destroy
| all copies of these works in your possession.
|
| Most people start at our Web site which has the main search facility.
""",
        ],
    ),
    "paris_1875": Imitation(
        title="AU BORD DE L'EAU",
        author="ÉMILE ROUVIER",
        heading="Chapitre {}",
        pages=[
            """
+ AU BORD DE L'EAU
""",
            """
| OUVRAGES DU MÊME AUTEUR
|
| FORMAT GRAND IN-18
|
| La Fille du meunier ......................... 1 vol.
| Les Amours d'un notaire ..................... 2 -
| Un drame à Quimper .......................... 1 -
|
+ F. Aureau. - Imprimerie de Lagny.
""",
            """
= AU BORD DE L'EAU
+ PAR
+ ÉMILE ROUVIER
+
+ TROISIÈME ÉDITION
+
+ PARIS
+ MICHEL LÉVY FRÈRES, ÉDITEURS
+ RUE AUBER, 3, PLACE DE L'OPÉRA
+ 1875
+ Droits de reproduction et de traduction réservés
""",
            """
§+ À MADAME LA COMTESSE DE B***
§  Permettez-moi, madame, d'inscrire votre nom en tête de ce livre : c'est à vos conseils qu'il doit le peu qu'il vaut.
§> É. R.
""",
            STORY,
            """
# TABLE
|
| CHAPITRE 1. - Où le passeur refuse une pièce d'or. - Une lampe éteinte. - Ce que disait la vieille. ............ 1
| CHAPITRE 2. - La nuit du 6 mars. - Le bac ne répond plus. - Arrivée des gendarmes. ............ 5
| CHAPITRE 3. - Où l'on apprend le nom de la voyageuse. - Le retour. ............ 9
""",
            """
+ PARIS. - TYPOGRAPHIE LAHURE, RUE DE FLEURUS, 9
""",
            """
+ CATALOGUE DE MICHEL LÉVY FRÈRES
|
| A. ACHARD. - Maurice de Treuil .................. 1
| LOUIS ÉNAULT. - Nadèje ............................. 1
| OCTAVE FEUILLET. - Monsieur de Camors .......... 1
| Chaque volume se vend séparément 3 fr. 50 c.
""",
        ],
    ),
    "trap_novel": Imitation(
        title="L'Imprimeur du port",
        author="Claire Vasseur",
        info={"title": "L'Imprimeur du port", "author": "Claire Vasseur"},
        pages=[
            """
= L'Imprimeur du port
+ Claire Vasseur
""",
            """
§# Avant-propos
§  On m'a souvent demandé si ce livre numérique, comme disent les jeunes gens, valait celui de papier. Je n'en sais rien. J'ai écrit celui-ci à la main, pour mon père, qui était imprimeur.
§  Tous droits réservés, disait-il en riant, quand il me volait une cerise ; et il me la rendait.
§> C. V., Honfleur, mai 1998
""",
            """
§# Chapitre premier
§  L'imprimerie Lahure donnait sur le quai. Mon père y composait des catalogues de graines, et parfois un roman, dont il me lisait la table des matières avant de dormir.
§  — Achevé d'imprimer, disait-il enfin en posant son composteur.
§  Je croyais alors que c'était une prière, et je répondais : Ainsi soit-il.
""",
            STORY,
            """
§# Épilogue
§  Il mourut au printemps. Sur sa tombe on a gravé le mot qu'il préférait.
§+ FIN
""",
            """
+ Du même auteur
| Le Quai aux herbes, roman, 1989
| Les Graines, récit, 1993
""",
            """
+ Achevé d'imprimer en mai 1999
+ sur les presses de l'imprimerie Bussière
+ à Saint-Amand-Montrond (Cher)
+ pour le compte des éditions du Quai
+ N° d'édition : 1245. N° d'impression : 992013/4.
+ Dépôt légal : mai 1999.
+ Imprimé en France
""",
        ],
    ),
    "titles like those of sites": Imitation(
        title=None,
        author=None,
        pages=[
            """
§# Erreurs
§  Il avait passé sa vie à compter les barques, et jamais il ne s'était demandé ce qu'elles portaient. Sa mère le lui reprochait ; son frère, qui était parti, le lui avait écrit de Toulon dans une lettre qu'il gardait pliée sous sa pipe.
§  Un soir d'octobre il la relut, et il comprit qu'elle ne parlait que de lui.
""",
            STORY,
            """
§# La licence
§  Elle obtint sa licence au printemps suivant, et s'en alla sans rien lui dire. Il la vit monter dans la voiture, il agita son chapeau, elle ne se retourna pas ; sa malle dépassait du toit comme une barque renversée.
§  Il rentra chez lui et il alluma la lampe.
""",
        ],
    ),
}
