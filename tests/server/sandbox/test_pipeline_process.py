from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.results import Sentence
from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.pipeline.document import Analysis
from fnt_server.pipeline.engine_protocol import Stopped
from fnt_server.pipeline.errors import ExtractionCrashed, PdfRejected
from fnt_server.pipeline.stored_sentences import read_lines
from fnt_server.sandbox import seccomp
from fnt_server.sandbox.pipeline_process import BookPlan, ChunkSentences, PipelineProcess
from pdfs import (
    make_bomb,
    make_encrypted_pdf,
    make_long_line,
    make_page_pdf,
    make_pdf,
    make_scan_pdf,
)

SETTINGS = ProcessingSettings()
Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_pdf(data: bytes) -> Path:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pdf"
        path.write_bytes(data)
        return path

    return write_pdf


@pytest.fixture(scope="module")
def process() -> Iterator[PipelineProcess]:
    with PipelineProcess() as shared:
        yield shared


def assert_works(process: PipelineProcess, path: Path) -> Analysis:
    analysis = process.inspect(path, SETTINGS)
    assert analysis.paragraphs
    return analysis


def test_a_book_comes_back_as_paragraphs(process: PipelineProcess, write: Write) -> None:
    analysis = assert_works(process, write(make_pdf(pages=3)))

    assert analysis.page_count == 3
    words = analysis.paragraphs[1].text.split()  # the kind of space is the text's own affair
    assert words == "— Vous venez de loin ? demanda-t-il.".split()
    assert Analysis.from_json(analysis.to_json()) == analysis


def test_one_child_serves_many_books(write: Write) -> None:
    with PipelineProcess() as process:
        path = write(make_pdf())
        assert_works(process, path)
        first = child_of(process)
        assert_works(process, path)

        assert child_of(process) == first


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", JobErrorCode.PDF_DAMAGED),
        (b"<html>%PDF-1.4</html>", JobErrorCode.PDF_DAMAGED),
        (make_pdf(pages=0), JobErrorCode.PDF_DAMAGED),
        (make_scan_pdf(), JobErrorCode.PDF_NO_TEXT),
        (make_encrypted_pdf(), JobErrorCode.PDF_ENCRYPTED),
        (make_pdf(pages=5001), JobErrorCode.PDF_TOO_MANY_PAGES),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_worked_on_is_rejected(
    process: PipelineProcess, write: Write, data: bytes, code: JobErrorCode
) -> None:
    path = write(data)

    with pytest.raises(PdfRejected) as caught:
        process.inspect(path, SETTINGS)

    assert caught.value.code is code
    assert str(path.parent) not in caught.value.message


def test_an_empty_password_opens(process: PipelineProcess, write: Write) -> None:
    assert_works(process, write(make_encrypted_pdf(user_password="")))


def test_forms_and_layers_need_no_module_that_the_sandbox_cannot_open(
    process: PipelineProcess, write: Write
) -> None:
    shown = "BT /F 12 Tf 100 %d Td (%s) Tj ET "
    drawn = shown % (700, "Le vent tomba.") + "/OC /L1 BDC " + shown % (400, "Wind.") + "EMC /X1 Do"
    form = "/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>"
    book = make_page_pdf(
        drawn,
        resources="/Properties<</L1 6 0 R>>/XObject<</X1 7 0 R>>",
        catalog="/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>",
        extra=[("/Type/OCG/Name(off)", None), (form, shown % (600, "Il fit nuit."))],
    )

    text = " ".join(paragraph.text for paragraph in assert_works(process, write(book)).paragraphs)

    assert "Le vent tomba." in text
    assert "Il fit nuit." in text
    assert "Wind" not in text


def test_more_text_than_allowed_is_rejected(write: Write) -> None:
    with (
        PipelineProcess(PdfLimits(max_text_chars=500)) as process,
        pytest.raises(PdfRejected) as caught,
    ):
        process.inspect(write(make_pdf(pages=3)), SETTINGS)

    assert caught.value.code is JobErrorCode.PDF_LIMIT


@pytest.mark.parametrize(
    "limits",
    [
        PdfLimits(cpu_s=2, memory_bytes=8 << 30),
        PdfLimits(wall_s=5),
        PdfLimits(memory_bytes=200 << 20),
    ],
    ids=["cpu", "wall", "memory"],
)
def test_a_bomb_kills_the_child_alone(write: Write, limits: PdfLimits) -> None:
    with PipelineProcess(limits) as process:
        with pytest.raises(ExtractionCrashed) as caught:
            process.inspect(write(make_bomb()), SETTINGS)

        assert caught.value.code is JobErrorCode.PDF_LIMIT
        assert_works(process, write(make_pdf()))


def test_stopping_ends_the_work_at_once(write: Write) -> None:
    answers = iter([True, False])
    with PipelineProcess() as process:
        with pytest.raises(Stopped):
            process.inspect(write(make_bomb()), SETTINGS, keep_going=lambda: next(answers))

        assert_works(process, write(make_pdf()))


def test_a_child_killed_from_outside_may_be_tried_again(write: Write) -> None:
    with PipelineProcess() as process:

        def kill() -> bool:
            os.kill(child_of(process), signal.SIGKILL)
            return True

        with pytest.raises(ExtractionCrashed) as caught:
            process.inspect(write(make_bomb()), SETTINGS, keep_going=kill)

        assert caught.value.code is JobErrorCode.WORKER_LOST
        assert_works(process, write(make_pdf()))


def test_a_child_of_a_large_process_serves_many_books_too(write: Write) -> None:
    """Linux counts the memory of the parent as the most a new process has held."""
    script = (
        "import sys; from pathlib import Path; held = bytearray(b'x' * (450 << 20))\n"
        "from fnt.wire.jobs import ProcessingSettings\n"
        "from fnt_server.sandbox.pipeline_process import PipelineProcess\n"
        "with PipelineProcess() as process:\n"
        "    seen = []\n"
        "    for _ in range(2):\n"
        "        process.inspect(Path(sys.argv[1]), ProcessingSettings())\n"
        "        seen.append(process.pid)\n"
        "assert seen[0] and len(set(seen)) == 1, seen\n"
    )
    subprocess.run([sys.executable, "-c", script, str(write(make_pdf()))], check=True, timeout=60)


def test_a_child_that_died_between_books_is_replaced(write: Write) -> None:
    with PipelineProcess() as process:
        path = write(make_pdf())
        assert_works(process, path)
        os.kill(child_of(process), signal.SIGKILL)
        os.waitid(os.P_PID, child_of(process), os.WEXITED | os.WNOWAIT)

        assert_works(process, path)


def inputs_of(book: BookPlan) -> list[bytes]:
    with book.body:
        return [content for _, content in book.iter_inputs()]


def sentences_of(chunk: ChunkSentences) -> list[Sentence]:
    with chunk.lines:
        return list(read_lines(chunk.lines))


def test_a_line_of_a_million_dots_takes_seconds(process: PipelineProcess, write: Write) -> None:
    data = make_long_line()
    (content,) = inputs_of(process.analyze(write(data), SETTINGS))
    began = time.monotonic()

    chunk = process.shorten(write(content), SETTINGS)

    assert len(data) < 1800
    assert time.monotonic() - began < 10
    sentences = sentences_of(chunk)
    assert len(sentences) == chunk.sentence_count > 90
    assert sum(sentence.text.count(".") for sentence in sentences) == 1_000_000


def test_a_chunk_comes_back_as_stored_lines(process: PipelineProcess, write: Write) -> None:
    inputs = inputs_of(process.analyze(write(make_pdf(pages=4)), SETTINGS))

    chunk = process.shorten(write(inputs[0]), SETTINGS)

    assert len(inputs) == 4
    assert [sentence.page for sentence in sentences_of(chunk)] == [1] * chunk.sentence_count


def test_a_process_that_stands_still_can_be_given_up(write: Write) -> None:
    with PipelineProcess() as process:
        path = write(make_pdf())
        assert_works(process, path)
        frozen = child_of(process)
        os.kill(frozen, signal.SIGSTOP)
        ends = time.monotonic() + 1

        with pytest.raises(Stopped):
            process.inspect(path, SETTINGS, keep_going=lambda: time.monotonic() < ends)

        assert time.monotonic() - ends < 2
        with pytest.raises(ProcessLookupError):
            os.kill(frozen, 0)
        assert_works(process, path)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs the processor time")
@pytest.mark.faults
def test_a_process_that_stands_still_is_not_the_documents_fault(write: Write) -> None:
    with PipelineProcess(PdfLimits(wall_s=8)) as process:
        path = write(make_pdf())
        assert_works(process, path)
        os.kill(child_of(process), signal.SIGSTOP)

        with pytest.raises(ExtractionCrashed) as caught:
            process.inspect(path, SETTINGS)

        assert caught.value.code is JobErrorCode.WORKER_LOST


def test_more_output_than_allowed_is_not_taken(write: Write) -> None:
    with PipelineProcess(PdfLimits(output_bytes=500)) as process:
        with pytest.raises(ExtractionCrashed) as caught:
            process.analyze(write(make_pdf(pages=4)), SETTINGS)

        assert caught.value.code is JobErrorCode.PDF_LIMIT


def test_a_process_is_told_nothing_of_the_server(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FNT_TOKEN", "canary")
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    with PipelineProcess() as process:
        process.start()
        environ = Path(f"/proc/{process.pid}/environ")
        try:
            found = environ.read_bytes()
        except OSError:
            pytest.skip("the system does not show it")

        assert b"canary" not in found
        assert process.missing_protection() == [] or not seccomp.is_supported()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux to wait for a grandchild")
def test_the_child_ends_with_its_parent_even_in_the_middle_of_a_book(write: Write) -> None:
    script = (
        "import sys, pathlib\n"
        "from fnt.wire.jobs import ProcessingSettings\n"
        "from fnt_server.sandbox.pipeline_process import PipelineProcess\n"
        "process = PipelineProcess()\n"
        "def tell():\n"
        "    print(process.pid, flush=True)\n"
        "    return True\n"
        "process.inspect(pathlib.Path(sys.argv[1]), ProcessingSettings(), keep_going=tell)\n"
    )
    command = [sys.executable, "-c", script, str(write(make_bomb()))]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()

    ended, _, _ = select.select([child], [], [], 5)
    os.close(child)

    assert ended


def child_of(process: PipelineProcess) -> int:
    assert process.pid
    return process.pid
