"""The whole pipeline on real novels and on files that mean harm; skipped where they are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines import get_engine
from fnt_server.pipeline.chunks import plan_chunks, process_chunk
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.sandbox.pipeline_process import PipelineProcess

ROOT = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("FNT_TEST_CORPUS", ROOT.parent / "shared" / "corpus"))
SCORE = CORPUS.parent / "tools" / "score.py"
SETTINGS = ProcessingSettings()
BOOKS = (
    "novels/un_enfant_gate",
    pytest.param("novels/madame_bovary", marks=pytest.mark.faults),
    pytest.param("novels/monsieur_lecoq", marks=pytest.mark.faults),  # the longest
    "odd/extrait_3_pages",
    "odd/export_libreoffice_public",
)

pytestmark = pytest.mark.skipif(not SCORE.exists(), reason=f"no corpus at {CORPUS}")


@pytest.fixture(scope="module")
def process() -> Iterator[PipelineProcess]:
    with PipelineProcess() as shared:
        yield shared


@pytest.mark.parametrize("name", BOOKS)
def test_novel_passes_the_gates(name: str, process: PipelineProcess, tmp_path: Path) -> None:
    book = CORPUS / name
    score = score_of(book, process, tmp_path)

    assert [gate for gate, kept in score["gates"].items() if not kept] == []
    assert score["words"]["recall"] >= 0.999
    assert score["words"]["precision"] >= 0.999
    assert score["words"]["headings_kept"] == 1
    assert score["leakage"]["running_headers"] == 0
    assert score["hyphenation"]["per_1000_words"] <= 0.1


def score_of(book: Path, process: PipelineProcess, tmp_path: Path) -> dict[str, Any]:
    analysis = process.inspect(book.with_suffix(".pdf"), SETTINGS)
    sentences = [
        sentence.to_wire()
        for chunk in plan_chunks(analysis)
        for sentence in process_chunk(
            chunk.paragraphs, settings=SETTINGS, engine=get_engine("rules")
        ).sentences
    ]
    result = tmp_path / "result.json"
    result.write_text(json.dumps({"sentences": sentences}), encoding="utf-8")
    meta = book.with_suffix(".meta.json")
    command = [sys.executable, str(SCORE), str(book.with_suffix(".gold.txt")), str(result)]
    ran = subprocess.run(
        [*command, "--meta", str(meta), "--limit", "8"], capture_output=True, check=True, text=True
    )
    scored: dict[str, Any] = json.loads(ran.stdout)
    return scored


@pytest.mark.faults
@pytest.mark.timeout(120)
def test_odd_files_end_as_expected(process: PipelineProcess, tmp_path: Path) -> None:
    with tarfile.open(CORPUS / "bad.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    expected = json.loads((CORPUS / "bad.expected.json").read_text(encoding="utf-8"))
    paths = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}

    wrong = {}
    for name, facts in expected.items():
        ended = outcome(process, paths[name])
        if facts["expect"] not in ("either", ended):
            wrong[name] = ended

    assert wrong == {}


def outcome(process: PipelineProcess, path: Path) -> str:
    try:
        process.inspect(path, SETTINGS)
    except (PdfRejected, ExtractionCrashed) as ended:
        assert str(path.parent) not in ended.message
        return "reject"
    return "accept"
