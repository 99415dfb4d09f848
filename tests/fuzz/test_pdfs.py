"""PDFs through the sandboxed pipeline process, and through the client's own look.

Oracle: a book or a documented code, within the budgets, by a process that never fails by a bug of
ours. A crash of the PDF library is the file's fault (PDF_DAMAGED), too much of anything is
PDF_LIMIT; WORKER_LOST would blame the server. Sentences are on pages of the book, read back as
they were written, and a download stays below what the client takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from fnt.api.client import MAX_RESULT_BYTES
from fnt.flow.inputs.preflight import inspect_pdf
from fnt.pdf_look.child_process import LOOK_WITHIN_S
from fnt.wire.error_codes import ErrorCode, JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.words import count_words
from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.pipeline.stored_sentences import read_lines
from fnt_server.sandbox import failures
from fnt_server.sandbox.pipeline_process import PipelineProcess
from fuzz import campaign
from fuzz.pdf_grammar import make_odd_pdf
from fuzz.values import mutated
from pdfs import make_encrypted_pdf, make_long_line, make_page_pdf, make_pdf, make_scan_pdf

pytestmark = pytest.mark.faults

LIMITS = PdfLimits(cpu_s=10)
SLACK_S = 10.0
BASES = (
    make_pdf(pages=3),
    make_pdf(text="Il vint. — Oui ! dit-elle ; « non »."),
    make_long_line(),
    make_scan_pdf(),
    make_encrypted_pdf(user_password=""),
    make_page_pdf("BT /F 12 Tf 72 700 Td (L'hiver) Tj 3 Tr (cach\xe9) Tj ET"),
)
WORDS = (
    b"1 0 R", b"2 0 R", b"3 0 R", b"4 0 R", b"5 0 R", b"<<", b">>", b"[", b"]", b"null", b"endobj",
    b"/Kids", b"/Parent", b"/Count", b"/Length", b"/Filter/FlateDecode", b"/Type/Pages", b"stream",
    b"endstream", b"/Contents", b"/Resources", b"/MediaBox", b"/Rotate 90", b"/Encrypt", b"xref",
    b"trailer", b"startxref", b" Tf ", b" Tm ", b" Tj ", b" Do ", b"1e99", b"-1", b"/ObjStm",
)  # fmt: skip
OURS = failures.__name__  # other tests' servers may have threads that log
OF_THE_FILE = {JobErrorCode.PDF_LIMIT, JobErrorCode.PDF_DAMAGED}


@pytest.fixture(scope="module")
def process() -> Iterator[PipelineProcess]:
    with PipelineProcess(LIMITS) as shared:
        yield shared


def odd_or_mutated(random: Random) -> bytes:
    return (
        mutated(random, make_odd_pdf(random), WORDS)
        if random.random() < 0.2
        else make_odd_pdf(random)
    )


def mutated_base(random: Random) -> bytes:
    return mutated(random, random.choice(BASES), WORDS)


@pytest.mark.parametrize(("name", "make", "cases"), [
    ("pdf-grammar", odd_or_mutated, 6), ("pdf-mutation", mutated_base, 8),
])  # fmt: skip
def test_a_pdf_becomes_a_book_or_a_code(
    process: PipelineProcess,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    make: object,
    cases: int,
) -> None:
    def check(data: bytes) -> None:
        caplog.clear()
        began = time.monotonic()
        try:
            process_book(process, tmp_path, data)
        except PdfRejected as rejected:
            assert rejected.message
            assert "\n" not in rejected.message
        except ExtractionCrashed as crashed:
            assert crashed.code in OF_THE_FILE, crashed
        assert [record.getMessage() for record in caplog.records if record.name == OURS] == []
        assert time.monotonic() - began < 2 * LIMITS.wall_s + SLACK_S

    campaign.run(name, make, check, cases=cases)


def process_book(process: PipelineProcess, folder: Path, data: bytes) -> None:
    """Take a file through every step, as a worker does."""
    settings = ProcessingSettings(sentence_length_limit=3)
    path = folder / "book"
    path.write_bytes(data)
    analysis = process.inspect(path, settings)
    assert analysis.paragraphs
    plan = process.analyze(path, settings)
    download_bytes = 0
    with plan.body:
        inputs = list(plan.iter_inputs())
    for chunk, content in inputs:
        part = folder / "chunk"
        part.write_bytes(content)
        done = process.shorten(part, settings)
        with done.lines as lines:
            sentences = list(read_lines(lines))
        assert len(sentences) == done.sentence_count
        for sentence in sentences:
            assert chunk.start_page <= sentence.page <= plan.page_count
            assert sentence.words == count_words(sentence.text)
            assert sentence.text.strip()
            download_bytes += len(sentence.text) + len(sentence.source)
    assert download_bytes < MAX_RESULT_BYTES


@pytest.mark.parametrize(("name", "make", "cases"), [
    ("look-grammar", odd_or_mutated, 2), ("look-mutation", mutated_base, 2),
])  # fmt: skip
def test_a_look_before_sending_ends(tmp_path: Path, name: str, make: object, cases: int) -> None:
    """The client says something of every file, in the time it has."""

    def check(data: bytes) -> None:
        path = tmp_path / "book"
        path.write_bytes(data)
        began = time.monotonic()
        found = inspect_pdf(path)
        assert time.monotonic() - began < LOOK_WITHIN_S + SLACK_S
        if found.problem:
            assert found.problem.code in {*ErrorCode, *JobErrorCode}
        else:
            assert found.page_count is None or found.page_count >= 0

    campaign.run(name, make, check, cases=cases)
