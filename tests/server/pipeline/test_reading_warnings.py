from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfWriter

from fnt.wire.jobs import MAX_ERROR_CHARS, ProcessingSettings
from fnt.wire.ranges import MAX_CHARS, Ranges
from fnt_server.pipeline.layout.geometry import Line, Page
from fnt_server.pipeline.reading_warnings import find_warnings
from fnt_server.sandbox.pipeline_process import PipelineProcess
from pdfs import make_pdf, make_scan_pdf

LINE = Line(text="Il vint.", x0=50, x1=250, y=500, size=10)


def page(number: int, text: str = "Il vint.", **facts: bool | int) -> Page:
    line = Line(text=text, x0=50, x1=250, y=500, size=10)
    return Page(number=number, height=600, lines=(line,), **facts)  # type: ignore[arg-type]


def test_nothing_is_said_of_a_book_that_was_read() -> None:
    assert list(find_warnings([page(1, is_picture=True), page(2), page(3, is_picture=True)])) == []


@pytest.mark.parametrize(
    ("odd", "code", "words"),
    [
        (lambda n: page(n, is_picture=True), "PAGES_WITHOUT_TEXT", "2 pages are images"),
        (lambda n: page(n, unmapped=3), "UNREADABLE_FONT", "2 pages have characters in a font"),
        (lambda n: page(n, "Il a \ufffdni."), "UNREADABLE_CHARACTERS", "2 pages have characters"),
        (lambda n: page(n, has_hidden_layers=True), "HIDDEN_LAYERS", "2 pages have hidden layers"),
    ],
)
def test_what_could_not_be_read_is_told_once(
    odd: Callable[[int], Page], code: str, words: str
) -> None:
    pages = [page(1), odd(2), odd(3), page(4)]

    (warning,) = find_warnings(pages)

    assert (warning.code, warning.pages) == (code, "2-3")
    assert warning.message.startswith(words)


def test_very_many_pages_are_named_as_far_as_there_is_room() -> None:
    pages = [page(n, unmapped=n % 2) for n in range(1, 4001)]

    (warning,) = find_warnings(pages)

    assert len(warning.pages) <= MAX_CHARS
    assert len(warning.message) <= MAX_ERROR_CHARS
    assert 1 in Ranges.parse(warning.pages)
    assert warning.message.startswith("2000 pages")


def test_a_scanned_page_between_others_is_told(tmp_path: Path) -> None:
    writer = PdfWriter()
    for data in (make_pdf(), make_scan_pdf(), make_pdf()):
        writer.append(BytesIO(data))
    path = tmp_path / "book.pdf"
    writer.write(path)

    with PipelineProcess() as process:
        inspected = process.inspect(path, ProcessingSettings())
        planned = process.analyze(path, ProcessingSettings())
    planned.body.close()

    assert [(one.code, one.pages) for one in inspected.warnings] == [("PAGES_WITHOUT_TEXT", "2")]
    assert planned.warnings == inspected.warnings
