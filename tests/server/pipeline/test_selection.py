from __future__ import annotations

import pytest

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines import get_engine
from fnt_server.pipeline.chunks import process_chunk
from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.selection import check_pages, wanted_chapters

BOOK = [
    Paragraph(text="Préface.", page=1, chapter=None),
    Paragraph(text="Spleen", page=2, chapter="Spleen", kind="heading"),
    Paragraph(text="Un. Deux.", page=2, chapter="Spleen", page_breaks=[(4, 3)]),
    Paragraph(text="Spleen", page=4, chapter="Spleen", kind="heading"),
    Paragraph(text="Trois.", page=4, chapter="Spleen"),
]


@pytest.mark.parametrize(
    ("chapters", "texts"),
    [
        ("0", ["Préface."]),
        ("1", ["Spleen", "Un. Deux."]),
        ("2-", ["Spleen", "Trois."]),
        ("0,2", ["Préface.", "Spleen", "Trois."]),
    ],
)
def test_chapters(chapters: str, texts: list[str]) -> None:
    kept = wanted_chapters(BOOK, ProcessingSettings(chapters=chapters))

    assert [paragraph.text for paragraph in kept] == texts


def test_a_sentence_is_on_the_page_where_it_begins() -> None:
    settings = ProcessingSettings(pages="3-4")

    done = process_chunk(BOOK, settings=settings, engine=get_engine("rules"))

    assert [(one.text, one.page) for one in done.sentences] == [
        ("Deux.", 3), ("Spleen", 4), ("Trois.", 4),
    ]  # fmt: skip


def test_nothing_of_a_book() -> None:
    with pytest.raises(PdfRejected, match="no chapter 3-: it has 2") as caught:
        wanted_chapters(BOOK, ProcessingSettings(chapters="3-"))
    with pytest.raises(PdfRejected, match="no page 9: it has 4"):
        check_pages(ProcessingSettings(pages="9"), page_count=4)

    assert caught.value.code is JobErrorCode.NOTHING_SELECTED
