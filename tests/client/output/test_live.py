"""fnt.output.live and its components: whole frames as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyte
import pytest
from rich.cells import cell_len

from builders import MOMENT, make_snapshot
from fnt.output.live import LiveRenderer
from fnt.output.renderer import DoneCriteria
from fnt.output.rows import MAX_REMARK_LINES, layout_for, remark_lines
from fnt.output.theme import ASCII, UNICODE, fitted
from fnt.progress import (
    RESTARTING,
    Accepted,
    LinkState,
    LinkStatus,
    ProgressState,
    Refused,
    Saved,
    SaveFailed,
    Update,
    UploadProgress,
    reduce,
)
from fnt.wire.job_status import JobStatus
from fnt.wire.times import Time
from world import Clock, completed, ended, make_terminal

LIVE = LinkState(status=LinkStatus.LIVE)
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHOW_CURSOR = "\x1b[?25h"


class View:
    """A live view on a terminal of buffers; color is off, so frames are text and cursor moves."""

    def __init__(self, *, size: tuple[int, int] = (100, 30), **criteria: Any) -> None:
        encoding = criteria.pop("encoding", "utf-8")
        environ = criteria.pop("environ", {"NO_COLOR": "1", "TERM": "xterm"})
        self.clock = Clock()
        self.terminal = make_terminal(tty=True, size=size, encoding=encoding, environ=environ)
        self.state = ProgressState(server="books.example.org", started_at=self.clock())
        self.renderer = LiveRenderer(
            self.terminal, criteria=DoneCriteria(**criteria), clock=self.clock
        )
        self.renderer.set_keys("d detach", "c cancel", "Ctrl-C leave")

    def play(self, updates: Iterable[Update]) -> None:
        for update in updates:
            self.state = reduce(self.state, update, now=self.clock())
            self.renderer.render(self.state)

    def written(self) -> str:
        return self.terminal.err.text

    def screen(self) -> list[str]:
        """Return the lines that a person sees."""
        columns, lines = self.terminal.console.size
        screen = pyte.Screen(columns, lines)
        screen.set_mode(pyte.modes.LNM)
        pyte.Stream(screen).feed(self.written())
        return [line.rstrip() for line in screen.display if line.strip()]

    def drawn(self, seconds: float = 1.0) -> list[str]:
        """Advance the clock, tick, and return the lines written."""
        self.clock.sleep(seconds)
        before = len(self.written())
        self.renderer.tick()
        return CONTROL.sub("", self.written()[before:]).replace("\r", "").splitlines()


def later(seconds: float) -> Time:
    return Time.of(MOMENT + timedelta(seconds=seconds))


def running(percent: int = 48, *, version: int = 2, **changes: Any) -> Update:
    facts = {"total_chunks": 33, "processed_chunks": 18, **changes}
    return make_snapshot(version=version, progress_percent=percent, **facts)


def steady(percent: int = 48, **changes: Any) -> list[Update]:
    """A job that has been split at the same speed for six seconds."""
    first = make_snapshot(total_chunks=33, processed_chunks=0, progress_percent=15, **changes)
    return [first, running(percent, **changes)]


KEYS = "d detach   c cancel   Ctrl-C leave"


def status(left: str, keys: str = KEYS, *, width: int = 100) -> str:
    """The last line: what is on the left, and the keys at the right edge."""
    return left + keys.rjust(width - 1 - len(left))


def test_one_job() -> None:
    view = View()
    first, second = steady(original_filename="monsieur_lecoq.pdf")
    view.play([LIVE, first])
    view.clock.sleep(6)
    view.play([second])

    with view.renderer:
        frame = view.drawn()

    assert frame == [
        "  monsieur_lecoq   splitting   " + "━" * 22 + "─" * 25 + "   48 %      4 s left",
        "",
        status("● live   books.example.org · 0:07"),
    ]


def test_a_narrow_window_has_no_bar_and_the_keys_that_fit() -> None:
    view = View(size=(40, 30))
    view.play([LIVE, *steady()])

    with view.renderer:
        frame = view.drawn()

    assert frame == [
        "  novel   splitting    48 %",
        "",
        "● live   books.example.org · 0:01",
    ]


@pytest.mark.parametrize("width", [*range(1, 130, 7), 80])
@pytest.mark.parametrize("link", [LIVE, LinkState(status=LinkStatus.RETRYING, reason="x" * 99)])
def test_no_line_is_wider_than_the_window(width: int, link: LinkState) -> None:
    view = View(size=(width, 30), outputs=1)
    long = "日本語" * 30
    view.play([link, running(original_filename=long), running(id=13, version=2)])
    view.play([completed(job_id=14, original_filename=long)])
    view.play([Saved(job_id=14, path=Path("sentences/a folder/of a library", "novel.txt"))])
    view.play([ended(JobStatus.FAILED, job_id=15, error_message="broken " * 30)])
    view.play([make_snapshot(id=16, status=JobStatus.PENDING, original_filename=long)])

    with view.renderer:
        frame = view.drawn()

    assert len(frame) == 7
    assert all(cell_len(line) <= width for line in frame)


def test_rows_line_up_with_what_is_done_and_what_waits() -> None:
    view = View(outputs=1)
    upload = UploadProgress(key="k", title="tome_02.pdf", sent_bytes=0, size_bytes=42_000_000)
    view.play([LIVE, upload, running(original_filename="monsieur_lecoq.pdf")])
    view.play([completed(job_id=13), Saved(job_id=13, path=Path("out/novel.txt"))])
    view.play([make_snapshot(id=n, status=JobStatus.PENDING) for n in (21, 22)])
    view.clock.sleep(1)
    view.play([replace(upload, sent_bytes=18_000_000)])

    with view.renderer:
        frame = view.drawn(0)

    assert frame == [
        "✓ novel            19 204 pieces     475 pages        0 s   out/novel.txt",
        "  tome_02          uploading   " + "─" * 47 + "    2 %   18 of 42 MB",
        "  monsieur_lecoq   splitting   " + "━" * 22 + "─" * 25 + "   48 %",
        "  2 waiting        novel, novel",
        "",
        status("● live   1 of 5 completed · 0:01"),
    ]


def test_percent_never_falls_from_the_first_byte_on() -> None:
    view = View(size=(80, 30))
    view.play(
        [LIVE, UploadProgress(key="book:1", title="a.pdf", sent_bytes=0, size_bytes=9_000_000)]
    )
    seen = []
    with view.renderer:
        for update in (
            UploadProgress(key="book:1", title="a.pdf", sent_bytes=8_900_000, size_bytes=9_000_000),
            Accepted(key="book:1", job=make_snapshot(status=JobStatus.PENDING)),
            make_snapshot(version=2, progress_percent=0),
            make_snapshot(version=3, progress_percent=5),
            running(15, version=4),
        ):
            view.play([update])
            (percent,) = re.findall(r"(\d+) %", "".join(view.drawn()))
            seen.append(int(percent))

    assert seen == [4, 5, 5, 5, 15]


def test_the_clock_in_the_status_and_the_time_at_the_end_agree() -> None:
    view = View()
    view.play([LIVE, make_snapshot(uploaded_at=MOMENT, updated_at=later(40))])
    with view.renderer:
        assert "· 0:42" in view.drawn(2)[-1]
        view.play([completed(uploaded_at=MOMENT, completed_at=later(41))])

        assert view.drawn(0.2)[0] == "✓ novel   19 204 pieces   475 pages   42 s"


def test_of_several_each_tells_how_long_the_server_worked_on_it() -> None:
    view = View()
    facts = {"uploaded_at": MOMENT, "started_at": later(30), "completed_at": later(35)}
    view.play([LIVE, running(), completed(job_id=13, **facts)])

    with view.renderer:
        assert view.drawn()[0] == "✓ novel       19 204 pieces     475 pages        5 s"


def test_ends_are_printed_once_above_and_failures_stay_in_sight() -> None:
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

    failed = [
        "✗ novel       no text",
        "✗ x           not a PDF",
        "",
        status("● live   1 of 4 completed · 1 failed · 1 refused · 1 cancelled · 0:02", width=120),
    ]
    assert frame == [
        "✓ novel       19 204 pieces     475 pages        0 s   out/novel.txt",
        "– novel       cancelled at 40 %",
        *failed,
    ]
    assert again == [*failed[:-1], failed[-1].replace("0:02", "0:03")]


def test_failures_are_printed_before_the_shell_takes_the_terminal() -> None:
    view = View()
    with view.renderer:
        view.play([LIVE, ended(JobStatus.FAILED, error_message="no text"), running(id=13)])
        view.drawn()
        before = len(view.written())
        view.renderer.suspend()
        printed = CONTROL.sub("", view.written()[before:])
        view.renderer.resume()

        assert "✗ novel       no text" in printed
        assert not any("✗" in line for line in view.drawn())


def test_a_completed_row_shows_that_it_is_being_saved() -> None:
    view = View(outputs=1)
    view.play([LIVE, completed()])

    with view.renderer:
        assert "saving" in view.drawn()[0]


def test_a_result_that_is_not_saved_is_a_failure_in_sight() -> None:
    view = View(outputs=1)
    view.play([LIVE, completed(), SaveFailed(job_id=12, message="disk full")])

    with view.renderer:
        assert view.drawn()[0] == "✗ novel   completed, but not saved: disk full"


@pytest.mark.parametrize("height", range(1, 12))
def test_rows_are_capped_to_the_window(height: int) -> None:
    view = View(size=(80, height))
    view.play([LIVE, *(make_snapshot(id=n, status=JobStatus.PENDING) for n in range(1, 150))])
    view.play(ended(JobStatus.FAILED, job_id=n, error_message="broken") for n in range(150, 180))
    view.play(running(id=n, original_filename="moving.pdf") for n in range(180, 200))

    with view.renderer:
        frame = view.drawn()

    assert len(frame) <= max(min(2, height), height - 1)
    assert "● live   0 of 199 completed · 30 failed" in frame[-1]
    if height > 2:
        assert any("moving" in line or "20 more in progress" in line for line in frame)
    if height == 11:
        assert frame[:-2] == [
            "  and 29 more failed",
            "✗ novel         broken",
            *["  moving        splitting   " + "━" * 21 + "─" * 23 + "   48 %"] * 4,
            "  and 16 more in progress",
            "  149 waiting   " + ", ".join(["novel"] * 8) + " …",
        ]


@pytest.mark.parametrize(
    ("link", "line"),
    [
        (
            LinkState(status=LinkStatus.RECONNECTING, attempt=3, retry_at=105.0),
            "● reconnecting in 4 s (try 3)   the server keeps the jobs · 0:01",
        ),
        (
            LinkState(status=LinkStatus.RECONNECTING, attempt=3, give_up_at=160.0),
            "● reconnecting (try 3)   the server keeps the jobs, giving up in 0:59 · 0:01",
        ),
        (
            LinkState(status=LinkStatus.RECONNECTING, attempt=2, give_up_at=160.0, is_first=True),
            "● connecting (try 2)   giving up in 0:59 · 0:01",
        ),
        (
            LinkState(status=LinkStatus.RECONNECTING, attempt=1, reason=RESTARTING),
            "● server restarting   back in a moment · 0:01",
        ),
        (
            LinkState(status=LinkStatus.POLLING, attempt=6, poll_every_s=4.0, retry_at=122.0),
            "● polling every 4 s   live updates blocked here; trying again in 21 s · 0:01",
        ),
        (
            LinkState(status=LinkStatus.POLLING, poll_every_s=2.0),
            "● polling every 2 s   books.example.org · 0:01",
        ),
        (LinkState(status=LinkStatus.CONNECTING), "● connecting   books.example.org · 0:01"),
        (
            LinkState(status=LinkStatus.RETRYING, attempt=2, reason="503\x1b", give_up_at=160.0),
            "● trying again (try 3)   503\\x1b, giving up in 0:59 · 0:01",
        ),
    ],
)
def test_the_link_is_described_in_words(link: LinkState, line: str) -> None:
    view = View(size=(130, 30))
    view.play([link, running()])

    with view.renderer:
        assert view.drawn()[-1] == status(line, width=130)


@pytest.mark.parametrize("width", [80, 100])
def test_of_the_status_in_an_outage_the_explanation_and_keys_stay_longest(width: int) -> None:
    view = View(size=(width, 30))
    link = LinkState(status=LinkStatus.RECONNECTING, attempt=3, retry_at=105.0, give_up_at=160.0)
    view.play([link, *(make_snapshot(id=n) for n in range(44))])

    with view.renderer:
        line = view.drawn()[-1]

    words = "● reconnecting in 4 s (try 3)   the server keeps the jobs, giving up in 0:59"
    assert line == (words if width == 80 else status(words, "d detach   c cancel"))


def test_there_is_no_time_left_in_an_outage_and_the_rest_stays_where_it_is() -> None:
    view = View()
    first, second = steady()
    view.play([LIVE, first])
    view.clock.sleep(6)
    view.play([second])
    with view.renderer:
        before = view.drawn()[0]
        view.play([LinkState(status=LinkStatus.RECONNECTING, attempt=1)])

        assert view.drawn(0.2)[0] == before.replace("     4 s left", "").rstrip()


def test_the_status_of_many_tells_roughly_how_long_it_takes() -> None:
    view = View(size=(120, 30))
    view.play([LIVE, *(make_snapshot(id=n, status=JobStatus.PENDING) for n in range(1, 45))])
    view.clock.sleep(60)
    view.play(completed(job_id=n) for n in range(1, 12))

    with view.renderer:
        line = view.drawn(0)[-1]

    assert line == status("● live   11 of 44 completed · 1:00 · about 3 min left", width=120)


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
    assert frame[0].startswith("+ novel")
    assert "#" in frame[1]


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


def test_nothing_but_what_ended_is_left_behind() -> None:
    view = View(size=(80, 30))
    view.play([LIVE, running()])
    with view.renderer:
        view.drawn()
        view.play([completed(job_id=13)])

    assert view.screen() == ["✓ novel       19 204 pieces     475 pages        0 s"]


def test_foreign_text_is_literal() -> None:
    view = View(size=(100, 30))
    view.play([LIVE, running(original_filename="[/bold]\x1b[2J\u202e[link=http://e]x")])
    view.play([ended(JobStatus.FAILED, job_id=13, error_message="[red]\x07a\\[b]")])

    with view.renderer:
        frame = view.drawn()

    assert frame[0].endswith("   [red]\\x07a\\[b]")
    assert frame[1].startswith("  [/bold]\\x1b[2J\\u202e[link=http://e]x")
    assert "\x1b[2J" not in view.written()


def test_a_question_takes_the_place_of_the_status() -> None:
    view = View()
    view.play([LIVE, running()])

    with view.renderer:
        view.drawn()
        view.renderer.set_keys("y cancel", "n keep", question="Cancel novel?")

        assert view.drawn(0.2)[1:] == ["", "  Cancel novel?  y cancel   n keep"]


def test_only_marks_and_bars_are_colored() -> None:
    view = View(environ={"TERM": "xterm-256color"})
    view.play([LIVE, running(), ended(JobStatus.FAILED, job_id=13, error_message="no text")])
    view.play([completed(job_id=14)])

    with view.renderer:
        view.drawn()

    colored = re.findall(r"\x1b\[(3\d)m([^\x1b]+)", view.written())
    assert set(colored) == {("32", "✓"), ("31", "✗"), ("36", "━" * 31), ("36", "●")}


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


def test_a_warning_stands_above_the_view_in_the_column_of_names() -> None:
    view = View(size=(80, 30), environ={"TERM": "xterm"})
    view.play([LIVE, running(original_filename="monsieur_lecoq.pdf"), running(id=13)])
    words = "some text could not be read and was left out, the rest was not touched (pages 3, 7-9)"

    with view.renderer:
        view.drawn()
        drawn = view.renderer.remark("conte_020.pdf", words, is_warning=True)

        assert drawn
        assert view.screen()[:4] == [
            "! conte_020        some text could not be read and was left out, the rest was",
            "                   not touched (pages 3, 7-9)",
            "  monsieur_lecoq   splitting   " + "━" * 19 + "─" * 22 + "   48 %",
            "  novel            splitting   " + "━" * 19 + "─" * 22 + "   48 %",
        ]
    assert "\x1b[33m!\x1b[0m conte_020" in view.written()


@pytest.mark.parametrize("width", range(8, 60))
def test_a_remark_fits_every_window(width: int) -> None:
    view = View(size=(width, 30))
    view.play([LIVE, running(original_filename="日本語" * 9), running(id=13)])

    with view.renderer:
        view.drawn()
        view.renderer.remark("日本語" * 9, "skipped, already uploaded", is_warning=False)

        assert view.screen()[-1].startswith("●")
        assert "skipped,alreadyuploaded" in "".join("".join(view.screen()).split())


@pytest.mark.parametrize("width", range(1, 22))
@pytest.mark.parametrize("words", ["some pages have no text", "日本語" * 100, "x" * 5000, ""])
def test_a_remark_takes_few_lines_of_the_narrowest_window(width: int, words: str) -> None:
    view = View(size=(width, 30))
    layout = layout_for(max(1, width - 1), view.state)

    for name in ("novel.pdf", "日本語" * 9, "\n"):
        lines = remark_lines(
            name, words, layout, is_warning=True, console=view.terminal.console, glyphs=UNICODE
        )
        assert len(lines) <= 1 + MAX_REMARK_LINES
        assert all(line.cell_len <= max(3, layout.width) for line in lines)
