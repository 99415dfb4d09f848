from __future__ import annotations

from fnt.flow.results.chapters import iter_chapters
from fnt.flow.results.selection import Selection
from fnt.wire.results import Sentence
from fnt.wire.structs import UNSET


def sentence(chapter: str | None, *, page: int = 1, kind: str | None = "prose") -> Sentence:
    return Sentence(
        text=f"p. {page}", words=2, source="", page=page, chapter=chapter, engine="rules",
        kind=UNSET if kind is None else kind,
    )  # fmt: skip


BOOK = [
    sentence(None),
    sentence("SPLEEN", page=2, kind="heading"),
    sentence("SPLEEN", page=2, kind="verse"),
    sentence("SPLEEN", page=4, kind="heading"),
    sentence("SPLEEN", page=4, kind="heading"),
    sentence("SPLEEN", page=5, kind="verse"),
    sentence("L’Albatros", page=6, kind="verse"),
]


def chosen(*, pages: str = "", chapter: str = "") -> list[int]:
    selection = Selection.of_options(pages=pages, chapter=chapter)
    return [one.page for one in selection.select(BOOK)]


def test_chapters_of_the_same_name_are_told_apart_by_their_headings() -> None:
    assert [
        (one.number, one.heading, one.first_page, one.last_page, one.first_sentence)
        for one in iter_chapters(BOOK)
    ] == [
        (0, None, 1, 1, 1),
        (1, "SPLEEN", 2, 2, 2),
        (2, "SPLEEN", 4, 5, 4),
        (3, "L’Albatros", 6, 6, 7),
    ]


def test_chapters_of_earlier_versions_change_with_their_headings() -> None:
    old = [sentence(chapter, kind=None) for chapter in (None, "I", "I", "II")]

    assert [(one.number, one.sentence_count) for one in iter_chapters(old)] == [
        (0, 1), (1, 2), (2, 1),
    ]  # fmt: skip


def test_a_part_of_a_book() -> None:
    assert chosen() == [1, 2, 2, 4, 4, 5, 6]
    assert chosen(chapter="2") == [4, 4, 5]
    assert chosen(chapter="1,3-") == [2, 2, 6]
    assert chosen(pages="2-4") == [2, 2, 4, 4]
    assert chosen(pages="5-", chapter="2") == [5]


def test_the_name_of_a_file_tells_the_part() -> None:
    assert Selection().label == ""
    assert Selection.of_options(pages="5-", chapter="2,4").label == "-chapter-2,4-pages-5-"
