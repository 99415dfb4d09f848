"""Front and back matter, on books wrapped as sites and publishers wrap them."""

from __future__ import annotations

import os
import random
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.analysis import analyze
from fnt_server.pipeline.document import Analysis
from fnt_server.pipeline.extraction.book_info import BookInfo
from fnt_server.pipeline.extraction.characters import clean_pages
from fnt_server.pipeline.extraction.pdf_reader import open_book
from fnt_server.pipeline.front_matter.evidence import Evidence
from fnt_server.pipeline.front_matter.split import find_front_matter
from fnt_server.pipeline.layout.geometry import Line, Page, body_size
from fnt_server.pipeline.layout.running_heads import drop_running_heads
from fnt_server.pipeline.text.paragraphs import PlacedParagraph, place_paragraphs
from imitated_books import BOOKS
from imitated_sites import MORE_BOOKS
from imitations import STORY, Imitation, set_book

FAULTS = pytest.mark.faults
REASONS = ("table of contents", "title page", "imprint", "list of books", "e-book site")
VARIANTS: dict[str, dict[str, object]] = {
    "as printed": {},
    "typed": {"font": "Courier", "size": 9, "numbered": False, "info": {}},
    "unbroken": {"flowing": True},
    "without headings": {"heading": ""},
}


def read(path: Path, settings: ProcessingSettings | None = None) -> Analysis:
    with path.open("rb") as file:
        return analyze(
            file.fileno(),
            settings or ProcessingSettings(),
            max_pages=500,
            max_text_chars=10_000_000,
        )


def plain(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


def variants() -> list[object]:
    """Return each book as printed, and each other variant of some."""
    names = list(BOOKS)
    more = [pytest.param(book, {}, id=name) for name, book in MORE_BOOKS.items()]
    return more + [
        pytest.param(BOOKS[name], changes, id=f"{name}, {variant}", marks=FAULTS if k else ())
        for k, (variant, changes) in enumerate(VARIANTS.items())
        for name in (names if k == 0 else names[k::3])
        if (name, variant) != ("pocket", "unbroken")  # lines that nothing tells apart
    ]


@pytest.mark.parametrize(("book", "changes"), variants())
def test_the_text_is_kept_and_what_is_around_it_is_not(
    book: Imitation, changes: dict[str, object], tmp_path: Path
) -> None:
    book = replace(book, **changes)  # type: ignore[arg-type]  # fields by name
    path = tmp_path / "book.pdf"
    kept = [plain(text) for text in set_book(book, path)]

    analysis = read(path)

    found = [plain(paragraph.text) for paragraph in analysis.paragraphs]
    assert " ".join(found) == " ".join(kept)
    assert analysis.title == book.title
    assert analysis.author == book.author


def test_what_is_left_out_is_told_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    set_book(BOOKS["pocket"], path)

    told = {found.text: found.reason for found in read(path).dropped}

    assert told["DU MÊME AUTEUR"] == "list of books"
    assert told["Claire Vasseur"] == "title page"
    assert "imprint" in {reason for text, reason in told.items() if "Dépôt légal" in text}


def test_all_of_it_can_be_kept_and_is_marked(tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    set_book(BOOKS["ebooksgratuits"], path)

    without = read(path)
    kept = read(path, ProcessingSettings(keep_front_matter=True))

    marked = [one.text for one in kept.paragraphs if one.kind == "front matter"]
    left_out = [one.text for one in without.dropped if one.reason in REASONS]
    assert sorted(marked) == sorted(left_out)
    assert [one for one in kept.paragraphs if one.kind != "front matter"] == list(
        without.paragraphs
    )
    assert kept.paragraphs[0].text == "Henri Vauclair"
    assert {one.chapter for one in kept.paragraphs if one.kind == "front matter"} == {None}


def test_a_book_that_is_all_wrapping_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    set_book(
        Imitation(pages=["| Voir www.example.org pour la licence de ce livre numérique."]), path
    )

    assert len(read(path).paragraphs) == 1


@pytest.mark.parametrize(
    "line",
    [
        "Fin du livre électronique Les Dames du port, de Jeanne Mauclerc.",
        "FIN DE CETTE ÉDITION NUMÉRIQUE",
        "Fin de l’édition électronique du Passeur.",
    ],
)
def test_the_line_that_ends_an_electronic_book_is_not_the_author_s(line: str) -> None:
    assert Evidence(line).reason == "e-book site"
    assert Evidence("Fin de la première partie.").reason is None


CORPUS = Path(os.environ.get("FNT_TEST_CORPUS", Path(__file__).parents[5] / "shared" / "corpus"))
NOVEL = CORPUS / "novels/un_enfant_gate.pdf"


@pytest.fixture(scope="module")
def paragraphs() -> list[PlacedParagraph]:
    with NOVEL.open("rb") as file:
        opened = open_book(file.fileno(), max_pages=500, max_text_chars=10_000_000)
        pages = clean_pages(opened.pages)
    size = body_size(pages)
    bare = drop_running_heads(pages, size=size)
    return place_paragraphs(bare, size=size, fix_hyphenation=True)[0]


@FAULTS
@pytest.mark.skipif(not NOVEL.exists(), reason=f"no corpus at {CORPUS}")
@pytest.mark.parametrize(
    "info", [BookInfo(), BookInfo(title="Un enfant gâté", author="Zénaïde Fleuriot")]
)
def test_no_part_of_a_novel_is_taken_for_front_matter(
    paragraphs: list[PlacedParagraph], info: BookInfo
) -> None:
    """Wherever a part begins and ends, as if it were a whole book."""
    rng = random.Random(7)

    for _ in range(40):
        begin = rng.randrange(6, len(paragraphs) - 60)
        part = paragraphs[begin : begin + rng.choice((20, 60, 200))]
        assert find_front_matter(part, info=info).reasons == {}


@pytest.mark.skipif(not NOVEL.exists(), reason=f"no corpus at {CORPUS}")
def test_short_lines_of_verse_are_text_whatever_one_of_them_names() -> None:
    stanza = ["le jour se lève", "sur la colline bleue", "j’attends", "que tu reviennes de loin"]
    poem = [*stanza, "toute la nuit", "une fenêtre bat sans fin", "rien n’est", "contre le mur"] * 4
    naming = ["je ferme le volume", *poem[1:]]
    pages = [
        Page(
            number=number,
            height=800,
            lines=tuple(
                Line(text=text, x0=50, x1=50 + 4 * len(text), y=700 - 13 * k, size=10)
                for k, text in enumerate(naming if number == 5 else poem)
            ),
        )
        for number in range(1, 7)
    ]
    found, _ = place_paragraphs(pages, size=10, fix_hyphenation=True)

    matter = find_front_matter(found, info=BookInfo(title=None, author=None))

    assert {one.paragraph.kind for one in found} == {"verse"}
    assert matter.reasons == {}


@pytest.mark.parametrize("piece", [".", "il dit oui, puis non, ", "a. ", "© 2003 "])
def test_a_paragraph_without_end_is_judged_by_a_part_of_it(
    paragraphs: list[PlacedParagraph], piece: str
) -> None:
    """Many patterns look at each paragraph, so that what a page can hold took seconds."""

    def effort(chars: int) -> float:
        long = msgspec.structs.replace(
            paragraphs[0].paragraph, text=(piece * chars)[:chars] + " Fin."
        )
        found = [msgspec.structs.replace(paragraphs[0], paragraph=long), *paragraphs[:50]]
        start = time.process_time()
        find_front_matter(found, info=BookInfo(title=None, author=None))
        return time.process_time() - start

    assert min(effort(1_000_000) for _ in range(3)) < 3 * max(effort(10_000) for _ in range(3))


ENGLISH = [
    "  The old house stood at the end of the lane, and nobody knew when it had been built.",
    "  She had read his novels in the library of her father, and they were not for children.",
    "  We walked to the sea in the morning, and from the cliff we could see the boats.",
]
RUNNING_BIBLIOGRAPHY = [
    "  L’édition de 1857, en deux vol. in-18, parut chez Michel Lévy, et c’est elle que nous"
    " suivons, car l’auteur en avait relu les épreuves avec soin.",
    "  Une seconde édition, en un volume in-12, fut donnée en 1862 par Charpentier, avec une"
    " préface que les éditeurs suivants ont supprimée sans raison.",
]


@pytest.mark.parametrize(
    "lines",
    [
        [*ENGLISH, "| London, 1842."],
        ["+ The Works of Henry Vance, vol. II", *ENGLISH],
        RUNNING_BIBLIOGRAPHY,
        ["# Bibliographie", *RUNNING_BIBLIOGRAPHY],
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_prose_is_no_list_of_books(lines: list[str], is_first: bool, tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    page = "\n".join(lines)
    set_book(Imitation(pages=[page, STORY] if is_first else [STORY, page], chapters=1), path)

    kept = plain(" ".join(paragraph.text for paragraph in read(path).paragraphs))

    assert all(plain(line) in kept for line in lines if line.startswith("  "))
