"""A helper, which reads the second half of a book: it may save time, and change nothing else."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from e2e.harness import is_alive
from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt_server.config.pdf_limits import PdfLimits
from fnt_server.pipeline.engine_protocol import Stopped
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.extraction.pdf_reader import open_book, read_second_half
from fnt_server.pipeline.layout.geometry import Page
from fnt_server.sandbox.packed_pages import pack_pages, unpack_pages
from fnt_server.sandbox.pipeline_process import PipelineProcess
from pdfs import make_pdf
from typeset import make_book

SETTINGS = ProcessingSettings()
PAGES = 7
TEXT_CHARS = 10_000


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "book.pdf"
    make_book(PAGES, path)
    return path


@pytest.fixture
def helper() -> Iterator[PipelineProcess]:
    with PipelineProcess() as process:
        yield process


@pytest.fixture(scope="module")
def process() -> Iterator[PipelineProcess]:
    with PipelineProcess() as shared:
        yield shared


def analyzed(
    process: PipelineProcess, path: Path, helper: PipelineProcess | None = None
) -> list[bytes]:
    plan = process.analyze(path, SETTINGS, helper=helper)
    with plan.body:
        return [content for _, content in plan.iter_inputs()]


def pages_of(
    path: Path, *, max_text_chars: int = TEXT_CHARS, second_half: Sequence[Page] | None = None
) -> list[Page]:
    read = None if second_half is None else lambda: second_half
    with path.open("rb") as file:
        opened = open_book(
            file.fileno(), max_pages=PAGES, max_text_chars=max_text_chars, second_half=read
        )
        return list(opened.pages)


def half_of(path: Path, *, max_text_chars: int = TEXT_CHARS) -> list[Page]:
    with path.open("rb") as file:
        return read_second_half(
            file.fileno(),
            max_pages=PAGES,
            max_text_chars=max_text_chars,
            on_open=lambda _: None,
        )


def test_both_halves_are_the_book(book: Path) -> None:
    whole = pages_of(book)

    assert [page.number for page in half_of(book)] == [5, 6, 7]
    assert whole[4:] == half_of(book)
    assert unpack_pages(pack_pages(half_of(book))) == half_of(book)


def test_pages_that_a_helper_has_read_are_not_read_again(book: Path) -> None:
    read = [Page(number=number, height=1.0, lines=()) for number in (5, 6, 7)]

    assert pages_of(book, second_half=read)[4:] == read


@pytest.mark.parametrize("numbers", [[], [5, 6], [5, 6, 8], [4, 5, 6, 7]])
def test_other_pages_than_the_second_half_are_not_believed(book: Path, numbers: list[int]) -> None:
    read = [Page(number=number, height=1.0, lines=()) for number in numbers]

    assert pages_of(book, second_half=read) == pages_of(book)


def test_the_limit_of_text_holds_for_both_halves_together(book: Path) -> None:
    chars = sum(len(line.text) for page in pages_of(book) for line in page.lines)

    with pytest.raises(PdfRejected):
        half_of(book, max_text_chars=chars // 2)
    with pytest.raises(PdfRejected):
        pages_of(book, max_text_chars=chars // 2, second_half=half_of(book))


def test_bytes_that_are_no_pages_are_none() -> None:
    assert unpack_pages(b"") == []
    assert unpack_pages(b"\x91\x01") == []


def test_a_helper_changes_nothing(
    process: PipelineProcess, helper: PipelineProcess, book: Path, tmp_path: Path
) -> None:
    one_page = tmp_path / "one.pdf"
    one_page.write_bytes(make_pdf(pages=1))

    for path in (book, one_page):
        assert analyzed(process, path, helper) == analyzed(process, path)
    assert helper.pid


@pytest.mark.parametrize("limits", [PdfLimits(max_text_chars=10), PdfLimits(output_bytes=10)])
def test_a_helper_that_fails_changes_nothing(
    process: PipelineProcess, book: Path, limits: PdfLimits
) -> None:
    with PipelineProcess(limits) as helper:
        assert analyzed(process, book, helper) == analyzed(process, book)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_helper_that_ends_or_hangs_changes_nothing(
    process: PipelineProcess, helper: PipelineProcess, book: Path, number: int
) -> None:
    helper.start()
    assert helper.pid
    os.kill(helper.pid, number)

    assert analyzed(process, book, helper) == analyzed(process, book)


def test_a_rejected_book_does_not_wait_for_the_helper(
    process: PipelineProcess, helper: PipelineProcess, tmp_path: Path
) -> None:
    path = tmp_path / "many.pdf"
    path.write_bytes(make_pdf(pages=5001))
    helper.start()
    stopped = helper.pid
    assert stopped
    os.kill(stopped, signal.SIGSTOP)

    with pytest.raises(PdfRejected) as caught:
        process.analyze(path, SETTINGS, helper=helper)

    assert caught.value.code is JobErrorCode.PDF_TOO_MANY_PAGES
    assert (helper.pid, is_alive(stopped)) == (None, False)


def test_a_cancelled_analysis_ends_both(book: Path, helper: PipelineProcess) -> None:
    is_wanted = threading.Event()
    is_wanted.set()
    with PipelineProcess() as process:
        process.start()
        helper.start()
        both = (process.pid, helper.pid)
        assert all(both)
        os.kill(helper.pid or 0, signal.SIGSTOP)
        threading.Timer(0.5, is_wanted.clear).start()

        with pytest.raises(Stopped):
            process.analyze(book, SETTINGS, keep_going=is_wanted.is_set, helper=helper)

    assert not any(pid and is_alive(pid) for pid in both)
