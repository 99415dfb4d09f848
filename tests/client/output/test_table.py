"""fnt.output.table, and what the commands show with it on a terminal."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from builders import MOMENT, make_snapshot
from fnt.errors import PartialError
from fnt.output.table import Column, TableRow, print_table
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.times import Time
from pdfs import make_encrypted_pdf, make_pdf, make_scan_pdf
from world import FakeApi, World, completed, ended, make_terminal

XTERM = {"TERM": "xterm", "NO_COLOR": "1"}


def on_terminal(*jobs: object, columns: int = 100, **parts: object) -> World:
    terminal = make_terminal(tty=True, size=(columns, 30), environ=XTERM)
    return World(api=FakeApi(*jobs), terminal=terminal, **parts)  # type: ignore[arg-type]


def ago(seconds: float) -> Time:
    return Time.of(MOMENT - timedelta(seconds=seconds))


def some_jobs() -> list[object]:
    short = ProcessingSettings(sentence_length_limit=12)
    return [
        make_snapshot(
            id=14, original_filename="monsieur_lecoq.pdf", progress_percent=62, total_chunks=9,
            created_at=ago(14), processing_settings=short,
        ),
        ended(
            JobStatus.FAILED, job_id=13, original_filename="scan_1890\x1b.pdf", page_count=12,
            error_message="no text\x1b", created_at=ago(75),
        ),
        completed(job_id=2, original_filename="un_hiver.pdf", created_at=ago(90000)),
    ]  # fmt: skip


def test_jobs_have_a_header_and_fit_the_window() -> None:
    world = on_terminal(*some_jobs())

    assert world.invoke("jobs", "list").exit_code == 0

    assert world.out.splitlines() == [
        "JOB   BOOK             STATUS           WORDS   PAGES   PIECES     AGE",
        " 14   monsieur_lecoq   splitting 62 %      12                     14 s",
        " 13   scan_1890\\x1b    failed               8      12            1 min   no text\\x1b",
        "  2   un_hiver         completed            8     475   19 204   1 day",
    ]


def test_a_note_that_does_not_fit_beside_its_row_stands_below() -> None:
    jobs = [*some_jobs(), ended(JobStatus.FAILED, job_id=15, error_message="broken " * 12)]
    world = on_terminal(*jobs, columns=80)

    world.invoke("jobs", "list")

    lines = world.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(" 15 "))
    below = [line.rstrip() for line in lines[at + 1 : at + 3]]
    assert below == ["      " + "broken " * 9 + "broken", "      broken broken"]


@pytest.mark.parametrize("columns", [1, 20, 60, 80])
def test_no_line_of_a_table_is_wider_than_the_window(columns: int) -> None:
    jobs = some_jobs()
    world = on_terminal(*jobs, completed(original_filename="日本語" * 30), columns=columns)

    world.invoke("jobs", "list")

    assert all(cell_len(line) <= columns for line in world.out.splitlines())


def test_in_a_pipe_and_with_plain_each_job_is_one_line() -> None:
    piped, plain = World(api=FakeApi(*some_jobs())), on_terminal(*some_jobs())  # type: ignore[arg-type]

    piped.invoke("jobs", "list")
    plain.invoke("jobs", "list", "--plain")

    assert piped.out == plain.out
    assert piped.out.splitlines()[2].split() == [
        "2", "completed", "100%", "2026-02-28", "11:00", "un_hiver.pdf",
    ]  # fmt: skip


def test_check_folds_good_files_and_tells_problems_last(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.pdf").write_bytes(make_pdf(pages=number + 1))
    (tmp_path / "coffre.pdf").write_bytes(make_encrypted_pdf())
    (tmp_path / "a_scan.pdf").write_bytes(make_scan_pdf())
    world = on_terminal(columns=200)

    result = world.invoke("check", "-r", str(tmp_path))

    assert isinstance(result.exception, PartialError)
    good, warning, refused = world.out.splitlines()
    assert good.startswith("✓ 3 files ok   ")
    assert "   6 pages   " in good
    assert warning.startswith(f"! {tmp_path}/a_scan.pdf ")
    assert warning.endswith(
        "   warning: the first pages contain no text; run OCR on a scanned book"
    )
    assert refused.endswith("   refused: the PDF needs a password")


def test_check_of_one_good_file_shows_it(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    world = on_terminal(columns=200)

    world.invoke("check", str(tmp_path / "a.pdf"))

    assert world.out.startswith(f"✓ {tmp_path}/a.pdf   1 page   ")


def test_a_terminal_without_glyphs_gets_ascii() -> None:
    terminal = make_terminal(tty=True, encoding="ascii", environ=XTERM)

    print_table(
        terminal,
        [Column(is_name=True)],
        [TableRow(cells=["a" * 200], word=word) for word in ("ok", "warning", "failed", "waiting")],
    )

    lines = terminal.out.text.splitlines()  # type: ignore[attr-defined]
    assert [line[:3] for line in lines] == ["+ a", "! a", "x a", "  a"]
    assert "~" in lines[0]


@pytest.mark.parametrize(("columns", "is_dim"), [(80, False), (40, True)])
def test_a_note_has_one_style_throughout(columns: int, is_dim: bool) -> None:
    terminal = make_terminal(tty=True, size=(columns, 30), environ={"TERM": "xterm"})
    note = "the file is not a readable PDF: export or download it again"
    row = TableRow(cells=["monsieur_lecoq.pdf"], note=note, word="failed")

    print_table(terminal, [Column(is_name=True)], [row])

    lines = terminal.out.text.splitlines()  # type: ignore[attr-defined]
    assert len(lines) >= 2
    assert [line.startswith("\x1b[2m") for line in lines[1:]] == [is_dim] * (len(lines) - 1)
