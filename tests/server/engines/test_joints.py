from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from corpus import CORPUS
from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines.joint_kinds import joint_kind
from fnt_server.engines.rule_based import shorten
from fnt_server.engines.tokens import read_words

GOLD = CORPUS / "joints" / "joints.public.json"


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Il reçut M. | Dupont.", "inseparable"),
        ("Il vint ; | elle partit.", "strong mark"),
        ("Il vint, | puis elle partit.", "comma, coordinator"),
        ("Il dormait, | las de ses courses sans fin.", "comma, long group"),
        ("Il vit dans la | rue un homme.", "proclitic"),
        ("Elle ne dormait | plus depuis longtemps.", "unit"),
        ("Il se tenait au milieu | de la salle.", "unit"),
        ("Monsieur Jean | Valjean parlait bas.", "unit"),
        ("Ce grand | homme parlait bas.", "proclitic"),
        ("Une longue | robe traînait là.", "unit"),
        ("Il voulait toujours pouvoir | sortir.", "modal"),
        ("Voici la maison | qui brûle.", "relative"),
        ("Il la regarda longtemps | pour ne rien dire.", "preposition, group"),
        ("Le vieux marchand de drap | regardait la mer.", "long subject, verb"),
        ("Il regarda longtemps la mer | et il partit.", "coordinator, clause"),
        ("La porte était basse | et le toit descendait jusqu’à terre.", "coordinator, clause"),
        ("Les vachers | et les bergers avaient ri.", "coordinator, group"),
        ("C’était plus fort | qu’elle.", "unit"),
        ("Il ne voulait pas | qu’elle vînt.", "relative"),
        ("Il n’avait vu | qu’elle.", "only"),
        ("Il partit après | qu’elle fut venue.", "unit"),
        ("Penchés sur leur | « sujet » inerte.", "proclitic"),
        ("Le vieux maraudeur | mourant avait parlé.", "other"),
        ("Je vis dans la rue un gars | du village.", "of, word"),
        ("Il ne voyait pas | dans la nuit noire.", "preposition, group"),
        ("Il se souvint d’elle | qui riait toujours.", "relative"),
        ("Il se mit | à courir.", "modal"),
        ("Homais | s’épanouissait dans son orgueil.", "pronoun, verb"),
        ("Ce n’était qu’une tour | si grosse.", "adverb"),
        ("C’était un homme | vêtu en fermier cossu.", "adjective, group"),
        ("Le pharmacien, | avec son fils, souriait.", "comma, insertion"),
        ("Il y avait, | sur la table, une lampe.", "comma, insertion"),
        ("Il leva | vers le ciel ses yeux rouges.", "verb, parted object"),
        ("Les saules | la cachaient tout entière.", "subject, verb"),
        ("Il avait longtemps regardé | la mer.", "participle, object"),
        ("Il en était | à se demander pourquoi.", "auxiliary, group"),
    ],
)
def test_a_joint_is_known_by_the_words_around_it(sentence: str, kind: str) -> None:
    before, after = sentence.split("| ")
    words = read_words(before + after)

    assert joint_kind(words, len(read_words(before))) == kind


@pytest.mark.skipif(not GOLD.is_file(), reason=f"no labeled sentences at {GOLD}")
def test_cuts_are_those_that_people_labeled_as_good() -> None:
    scorer = _load(GOLD.parent / "joints_score.py")
    made, best = scorer.Totals(), scorer.Totals()
    for entry in json.loads(GOLD.read_text()):
        tokens = entry["sentence"].split()
        joints = {int(gap): value for gap, value in entry["joints"].items()}
        settings = ProcessingSettings(sentence_length_limit=entry["limit"])
        cuts = scorer.cuts_of(tokens, shorten(entry["sentence"], settings))
        for totals, gaps in (
            (made, cuts),
            (best, scorer.best_cutting(tokens, joints, entry["limit"])),
        ):
            totals.add(tokens, [(gap, joints.get(gap, 0)) for gap in gaps], entry["limit"])
    figures, possible = made.figures(), best.figures()

    assert figures["cuts of 0 (broken units) %"] <= 5
    assert figures["mean value / 3"] / possible["mean value / 3"] >= 0.91
    assert figures["pieces over the limit %"] == 0


def _load(path: Path) -> ModuleType:
    spec: Any = importlib.util.spec_from_file_location("joints_score", path)
    module = importlib.util.module_from_spec(spec)

    sys.modules["joints_score"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module
