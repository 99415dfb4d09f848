"""fnt.output.live and its components: whole frames as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from builders import make_snapshot
from fnt.output.live import LiveRenderer
from fnt.output.renderer import DoneCriteria
from fnt.output.rows import ASCII, UNICODE, fitted
from fnt.progress import (
    LinkState,
    LinkStatus,
    ProgressState,
    Refused,
    Saved,
    Update,
    UploadProgress,
    reduce,
)
from fnt.wire.job_status import JobStatus
from world import Clock, completed, ended, make_terminal

LIVE = LinkState(status=LinkStatus.LIVE)
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHOW_CURSOR = "\x1b[?25h"


class View:
    """A live view on a terminal of buffers; color is off, so frames are text and cursor moves."""

    def __init__(self, *, size: tuple[int, int] = (100, 30), **criteria: Any) -> None:
        encoding = criteria.pop("encoding", "utf-8")
        self.clock = Clock()
        self.terminal = make_terminal(
            tty=True, size=size, encoding=encoding, environ={"NO_COLOR": "1", "TERM": "xterm"}
        )
        self.state = ProgressState(server="books.example.org")
        self.renderer = LiveRenderer(
            self.terminal,
            criteria=DoneCriteria(**criteria),
            clock=self.clock,
            hint="d detach · c cancel",
        )

    def play(self, updates: Iterable[Update]) -> None:
        for update in updates:
            self.state = reduce(self.state, update, now=self.clock())
            self.renderer.render(self.state)

    def written(self) -> str:
        return self.terminal.err.text

    def drawn(self, seconds: float = 1.0) -> list[str]:
        """Advance the clock, tick, and return the lines written."""
        self.clock.sleep(seconds)
        before = len(self.written())
        self.renderer.tick()
        return CONTROL.sub("", self.written()[before:]).replace("\r", "").splitlines()


def running(percent: int = 48, *, version: int = 2, **changes: Any) -> Update:
    facts = {"total_chunks": 33, "processed_chunks": 18, **changes}
    return make_snapshot(version=version, progress_percent=percent, **facts)


def test_one_job() -> None:
    view = View(size=(88, 30))
    view.play([LIVE, make_snapshot(progress_percent=5)])
    view.clock.sleep(6)
    view.play([running()])

    with view.renderer:
        frame = view.drawn()

    assert frame == [
        "● live · books.example.org · 1 job",
        "▸ novel.pdf     splitting   ━━━━━━━━━━━━━╾───────────────  48%  18/33   0:07   0:06 left",
        "  d detach · c cancel",
    ]


def test_a_narrow_window_drops_the_least_important_columns() -> None:
    view = View(size=(60, 30))
    view.play([LIVE, make_snapshot(progress_percent=5)])
    view.clock.sleep(6)
    view.play([running()])

    with view.renderer:
        frame = view.drawn()

    assert frame == [
        "● live · books.example.org · 1 job",
        "▸ novel.pdf     splitting   ━━━━━━───────  48%  18/33   0:07",
        "  d detach · c cancel",
    ]


@pytest.mark.parametrize("width", range(1, 130, 7))
def test_no_line_is_wider_than_the_window(width: int) -> None:
    view = View(size=(width, 30))
    view.play([LIVE, running(original_filename="日本語" * 30), running(id=13, version=2)])

    with view.renderer:
        frame = view.drawn()

    assert len(frame) == 5
    assert all(len(line) <= width for line in frame)


def test_many_jobs_have_a_total() -> None:
    view = View(size=(80, 30))
    upload = UploadProgress(key="k", title="captain_cap.pdf", sent_bytes=0, size_bytes=1_000_000)
    view.play([LIVE, upload, running(original_filename="monsieur_lecoq.pdf")])
    view.play([completed(job_id=13)])
    view.clock.sleep(1)
    view.play([UploadProgress(key="k", title="", sent_bytes=310_000, size_bytes=1_000_000)])

    with view.renderer:
        frame = view.drawn(0)

    assert frame == [
        "✓ novel.pdf  19 204 sentences · 475 pages · 0:00",
        "● live · books.example.org · 3 jobs, 1 done",
        "▴ captain_cap.pdf     uploading   ━━━━╾──────────  31%          0:01  310.0 kB/s",
        "▸ monsieur_lecoq.pdf  splitting   ━━━━━━━────────  48%  18/33   0:01",
        "  total               1 of 3 ended",
        "  d detach · c cancel",
    ]


def test_ends_are_printed_once_above_with_their_files_and_codes() -> None:
    view = View(size=(120, 30), outputs=1)
    with view.renderer:
        view.play([LIVE, completed()])
        assert not any("✓" in line for line in view.drawn())  # not before it is saved
        view.play([Saved(job_id=12, path=Path("out/novel.txt"))])
        view.play([ended(JobStatus.FAILED, job_id=13, error_message="no text", error_code="X")])
        view.play([ended(JobStatus.CANCELLED, job_id=14)])
        view.play([Refused(key="k", title="x.pdf", message="not a PDF", code="NOT_A_PDF")])

        frame = view.drawn()
        again = view.drawn()

    assert frame[:4] == [
        "✓ novel.pdf  19 204 sentences · 475 pages · 0:00 → out/novel.txt",
        "✗ novel.pdf  no text  X",
        "– novel.pdf  cancelled at 40%",
        "✗ x.pdf  not a PDF  NOT_A_PDF",
    ]
    assert not any("✓" in line for line in again)


def test_a_completed_row_shows_that_it_is_being_saved() -> None:
    view = View(outputs=1)
    view.play([LIVE, completed()])

    with view.renderer:
        assert "saving" in view.drawn()[1]


def test_rows_are_capped_to_the_window() -> None:
    view = View(size=(80, 10))
    view.play([LIVE, *(make_snapshot(id=n, status=JobStatus.PENDING) for n in range(1, 200))])
    view.play([running(id=200, original_filename="moving.pdf")])

    with view.renderer:
        frame = view.drawn()

    assert len(frame) == 9
    assert "moving.pdf" in frame[5]
    assert frame[6:] == [
        "  and 195 more",
        "  total         0 of 200 ended",
        "  d detach · c cancel",
    ]


@pytest.mark.parametrize(
    ("link", "line"),
    [
        (
            LinkState(status=LinkStatus.RECONNECTING, attempt=3, retry_at=105.0),
            "● reconnecting in 4 s (try 3), the server keeps the jobs · 1 job",
        ),
        (
            LinkState(status=LinkStatus.RECONNECTING, attempt=3),
            "● reconnecting (try 3), the server keeps the jobs · 1 job",
        ),
        (
            LinkState(status=LinkStatus.POLLING, poll_every_s=4.0, retry_at=122.0),
            "● polling every 4 s, trying for live again in 21 s · 1 job",
        ),
        (LinkState(status=LinkStatus.POLLING, poll_every_s=2.0), "● polling every 2 s · 1 job"),
        (
            LinkState(status=LinkStatus.CONNECTING),
            "● connecting · books.example.org · 1 job",
        ),
    ],
)
def test_the_link_is_described_in_words(link: LinkState, line: str) -> None:
    view = View()
    view.play([link, running()])

    with view.renderer:
        assert view.drawn()[0] == line


def test_it_is_drawn_at_most_8_times_a_second_and_once_when_idle() -> None:
    view = View()
    view.play([LIVE, running()])
    with view.renderer:
        assert view.drawn()
        view.play([running(50, version=3)])
        assert not view.drawn(0.1)
        assert view.drawn(0.025)
        assert not view.drawn(0.9)
        assert view.drawn(0.1)


def test_an_encoding_without_glyphs_gets_ascii() -> None:
    view = View(encoding="cp1252", size=(80, 30))
    view.play([LIVE, running(), completed(job_id=13)])

    with view.renderer:
        frame = view.drawn()

    assert all(line.isascii() for line in frame)
    assert frame[0].startswith("+ novel.pdf")


@pytest.mark.parametrize("error", [None, KeyboardInterrupt(), RuntimeError("bug")])
def test_the_cursor_comes_back_whatever_happens(error: BaseException | None) -> None:
    view = View()
    view.play([LIVE, running()])

    try:
        with view.renderer:
            view.drawn()
            if error is not None:
                raise error
    except (KeyboardInterrupt, RuntimeError):
        pass

    assert view.written().rfind(SHOW_CURSOR) > view.written().rfind("\x1b[?25l") >= 0


def test_unfinished_rows_are_left_unchanged() -> None:
    view = View(size=(80, 30))
    view.play([LIVE, running(), completed(job_id=13)])
    with view.renderer:
        view.drawn()
        before = len(view.written())

    last = CONTROL.sub("", view.written()[before:]).replace("\r", "")

    assert last.splitlines() == [
        "▸ novel.pdf     splitting   ━━━━━━━━━━───────────  48%  18/33   0:01"
    ]
    assert last.endswith("\n")


def test_foreign_text_is_literal() -> None:
    view = View(size=(100, 30))
    view.play([LIVE, running(original_filename="[/bold]\x1b[2J\u202e[link=http://e]x")])
    view.play([ended(JobStatus.FAILED, job_id=13, error_message="[red]\x07a\\[b]")])

    with view.renderer:
        frame = view.drawn()

    assert frame[0] == "✗ novel.pdf  [red]\\x07a\\[b]"
    assert frame[2].startswith("▸ [/bold]\\x1b[2J\\u…[link=http://e]x")
    assert "\x1b[2J" not in view.written()


def test_the_hint_can_be_a_question() -> None:
    view = View()
    view.play([LIVE, running()])

    with view.renderer:
        view.drawn()
        view.renderer.set_hint("cancel novel.pdf? y yes · any other key no")

        assert view.drawn(0.2)[-1] == "  cancel novel.pdf? y yes · any other key no"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 5, "abc  "),
        ("les_mis_tome_1.pdf", 12, "les_mi…1.pdf"),
        ("日本語日本語", 7, "日 …語 "),
        ("abcdef", 3, "abc"),
    ],
)
def test_names_are_cut_in_the_middle(text: str, width: int, shown: str) -> None:
    assert fitted(text, width, UNICODE) == shown


def test_the_cut_has_an_ascii_form() -> None:
    assert fitted("les_mis_tome_1.pdf", 12, ASCII) == "les_mi~1.pdf"


def test_remaining_rows_are_capped_to_the_window_too() -> None:
    view = View(size=(80, 10))
    view.play([LIVE, *(make_snapshot(id=n) for n in range(1, 200))])
    with view.renderer:
        view.drawn()
        before = len(view.written())

    last = CONTROL.sub("", view.written()[before:]).replace("\r", "").splitlines()

    assert len(last) == 8
    assert last[-1] == "  and 192 more"
