"""Whole novels through the running server, scored against their exact text."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from corpus import CORPUS, SCORE, needs_corpus
from e2e.harness import ClientHome, RestClient, ServerProcess

NOVELS = ("novels/un_enfant_gate", "novels/madame_bovary", "novels/monsieur_lecoq")
ODD = ("odd/extrait_3_pages", "odd/export_libreoffice_public")


@needs_corpus
@pytest.mark.parametrize(
    "name",
    [
        *(pytest.param(name, marks=pytest.mark.faults) for name in NOVELS),
        ODD[1],
        pytest.param(ODD[0], marks=pytest.mark.faults),
    ],
)
def test_novel_keeps_its_words_and_the_limit(
    name: str,
    shared_server: ServerProcess,
    make_client: Callable[[ServerProcess], tuple[ClientHome, RestClient]],
) -> None:
    home, _ = make_client(shared_server)

    saved = home.run_ok("upload", str(CORPUS / f"{name}.pdf"), "--watch", "-f", "json").strip()
    score = _score(name, home.folder / saved)

    assert all(score["gates"].values()), score["gates"]
    if name in NOVELS:
        assert min(score["words"]["recall"], score["words"]["precision"]) >= 0.999
    hyphens = score["hyphenation"]
    assert hyphens["invisible_chars"] == hyphens["unrepaired"] == 0
    assert hyphens["wrongly_joined"] <= 5e-5 * score["words"]["gold"]


def _score(name: str, result: object) -> dict[str, dict[str, float]]:
    gold, meta = CORPUS / f"{name}.gold.txt", CORPUS / f"{name}.meta.json"
    done = subprocess.run(
        [sys.executable, str(SCORE), str(gold), str(result), "--meta", str(meta), "--limit", "8"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    scored: dict[str, dict[str, float]] = json.loads(done.stdout)
    return scored
