"""`fnt-server text` and `fnt check --text`: what is read in a book, and what is not."""

from __future__ import annotations

import json
import subprocess
from itertools import islice
from pathlib import Path

import pytest
from fpdf import FPDF

from e2e import programs
from e2e.harness import clean_environ
from fnt_server.cli.sample import story_pdf, story_text
from fnt_server.cli.text import Pages
from fnt_server.config.environment import ConfigError
from pdfs import make_pdf

NOTES = [
    "Voyez plus haut, où il en est question.",
    "Petite rivière du pays.",
    "On disait alors autrement.",
    "Ainsi dans toutes les éditions.",
    "Monnaie de ce temps.",
    "Mot du pays pour un bateau plat.",
]


def run(*words: str, module: str = "fnt_server") -> subprocess.CompletedProcess[str]:
    return programs.run(module, *words, env=clean_environ(), timeout_s=60)


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of six pages with a footnote and its call on each."""
    words = iter(
        " ".join(story_text().split("\n\n")[2:])
        .encode("latin-1", "ignore")
        .decode("latin-1")
        .split()
    )
    book = FPDF(unit="pt", format=(400, 600))
    book.set_auto_page_break(auto=False)
    for page in range(1, 1 + len(NOTES)):
        book.add_page()
        book.set_font("Times", size=11)
        for row in range(20):
            book.text(50, 80 + 14 * row, " ".join(islice(words, 8)))
        last = " ".join(islice(words, 4))
        book.text(50, 360, last)
        end = 50 + book.get_string_width(last)
        book.set_font("Times", size=7)
        book.text(end, 356, "1")
        book.set_font("Times", size=8)
        book.text(50, 520, f"1 {NOTES[page - 1]}")
    path = tmp_path_factory.mktemp("noted") / "book.pdf"
    book.output(str(path))
    return path


def test_it_shows_headings_paragraphs_and_what_is_dropped_with_the_reason() -> None:
    lines = run("text", str(story_pdf()), "--pages", "2-3").stdout.splitlines()

    assert lines[:2] == ["--- page 2 of 25", "# Chapitre premier. Le bac"]
    assert "- page number: 2" in lines
    assert "- running head: Chapitre premier. Le bac" in lines
    assert any(line.startswith("  — Alors, père Anselme") for line in lines)
    assert not any(line.startswith("--- page 4") for line in lines)


def test_notes_and_their_calls_are_dropped_and_told(noted: Path) -> None:
    read = json.loads(run("text", str(noted), "--pages", "2", "--json").stdout)

    assert read["dropped"] == [
        {"text": f"1 {NOTES[1]}", "page": 2, "reason": "footnote"},
        {"text": "1", "page": 2, "reason": "note call"},
    ]
    assert NOTES[1] not in " ".join(found["text"] for found in read["paragraphs"])
    assert all(found["page"] == 2 for found in read["paragraphs"])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nowhere.pdf"], 2, "file nowhere.pdf not found"),
        (["{pdf}", "--pages", "7-3"], 2, "3-7, 3- or 3"),
        (["{text}"], 10, "not a readable PDF"),
    ],
)
def test_a_refusal_is_one_line(words: list[str], code: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    (tmp_path / "a.txt").write_text("no PDF")
    given = [w.format(pdf=tmp_path / "a.pdf", text=tmp_path / "a.txt") for w in words]

    done = run("text", *given)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert says in done.stderr


def test_fnt_check_text_shows_the_same_and_refuses_alike(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.4 and nothing")

    shown = run("check", "--text", str(story_pdf()), module="fnt")
    refused = run("check", "--text", str(broken), module="fnt")

    assert shown.stdout == run("text", str(story_pdf())).stdout
    assert (refused.returncode, refused.stdout) == (10, "")
    assert "not a readable PDF" in refused.stderr


@pytest.mark.parametrize(
    ("text", "first", "last"), [("3-7", 3, 7), ("3", 3, 3), ("-2", 1, 2), ("4-", 4, 10**6)]
)
def test_a_range_of_pages(text: str, first: int, last: int) -> None:
    assert Pages.parse(text) == Pages(first=first, last=last)


@pytest.mark.parametrize("text", ["", "-", "0", "a", "3-1", "1-2-3", "1,2"])
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ConfigError):
        Pages.parse(text)
