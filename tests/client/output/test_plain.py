"""fnt.output.plain: a log that is neither noisy nor silent for long."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from builders import make_snapshot
from fnt.errors import ExitCode
from fnt.output.plain import PlainRenderer
from fnt.output.renderer import DoneCriteria
from fnt.progress import (
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
from world import Clock, completed, ended, make_terminal, uploaded


class Log:
    """A plain renderer and what it wrote."""

    def __init__(self, *, tty: bool = False, ends_only: bool = False, **criteria: Any) -> None:
        self.clock = Clock()
        self.terminal = make_terminal(tty=tty)
        self.state = ProgressState()
        self.renderer = PlainRenderer(
            self.terminal,
            criteria=DoneCriteria(**criteria),
            clock=self.clock,
            ends_only=ends_only,
        )

    def play(self, updates: Iterable[Update]) -> None:
        for update in updates:
            self.state = reduce(self.state, update, now=self.clock())
            self.renderer.render(self.state)

    @property
    def lines(self) -> list[str]:
        return self.terminal.err.text.splitlines()


LIVE = LinkState(status=LinkStatus.LIVE)


def running(percent: int, *, version: int, chunks: int = 0, **changes: Any) -> Update:
    return make_snapshot(
        version=version,
        progress_percent=percent,
        total_chunks=33,
        processed_chunks=chunks,
        **changes,
    )


def test_a_job_from_first_byte_to_saved_file() -> None:
    log = Log(outputs=1)

    log.play([LIVE, *uploaded()])
    log.play([make_snapshot(version=2, progress_percent=5), running(15, version=3)])
    log.clock.sleep(4)
    log.play([running(18, version=4, chunks=2), running(25, version=5, chunks=6)])
    log.play([running(75, version=6, chunks=33), completed()])
    log.play([Saved(job_id=12, path=Path("out/novel.txt"))])

    assert log.lines == [
        "novel.pdf: uploaded, job 12",
        "novel.pdf: analyzing 5 % (live)",
        "novel.pdf: splitting 15 % (live)",
        "novel.pdf: splitting 25 % (live)",
        "novel.pdf: merging 75 % (live)",
        "novel.pdf: completed, 19 204 pieces, 475 pages, 4 s, saved to out/novel.txt",
    ]


def test_each_end_is_reported_once() -> None:
    log = Log()

    log.play([completed(), completed(), completed(version=10)])

    assert len(log.lines) == 1


def test_failures_carry_their_code() -> None:
    log = Log()

    log.play([ended(JobStatus.FAILED, error_message="no text", error_code="PDF_NO_TEXT")])
    log.play([ended(JobStatus.CANCELLED, job_id=13)])
    log.play(
        [Refused(key="k", title="x.pdf", message="not a PDF", code="NOT_A_PDF", hint="look at it")]
    )

    assert log.lines == [
        "novel.pdf, job 12: failed: no text (PDF_NO_TEXT)",
        "novel.pdf, job 13: cancelled at 40 %",
        "x.pdf: refused: not a PDF; look at it (NOT_A_PDF)",
    ]


def test_a_result_that_could_not_be_saved() -> None:
    log = Log(outputs=1, ends_only=True)

    log.play([completed(), SaveFailed(job_id=12, message="disk full")])

    assert log.lines == ["novel.pdf, job 12: completed, but not saved: disk full"]


def test_acceptance_is_the_end_when_nobody_watches() -> None:
    log = Log(accepted=True)

    log.play(uploaded())

    assert log.lines[-1] == "novel.pdf: uploaded, job 12"


def test_small_steps_are_not_logged() -> None:
    log = Log()

    log.play([running(15 + n, version=n + 1, chunks=n) for n in range(30)])

    assert log.lines == [
        "novel.pdf: watching, job 12",
        "novel.pdf: splitting 15 %",
        "novel.pdf: splitting 25 %",
        "novel.pdf: splitting 35 %",
    ]


def test_a_large_upload_is_logged_by_its_size() -> None:
    log = Log()

    for megabytes in range(43):
        sent = megabytes * 1_000_000
        log.play([UploadProgress(key="k", title="a.pdf", sent_bytes=sent, size_bytes=42_000_000)])

    assert log.lines[1:4] == [f"a.pdf: uploading {n} of 42 MB" for n in (6, 11, 16)]
    assert len(log.lines) == 9


def test_silence_is_broken_after_30_seconds() -> None:
    log = Log()
    log.play([running(15, version=1)])
    log.clock.sleep(29)
    log.renderer.tick()
    before = len(log.lines)

    log.clock.sleep(1)
    log.renderer.tick()
    log.renderer.tick()

    assert log.lines[before:] == ["novel.pdf: splitting 15 %"]


def test_the_heartbeat_of_many_is_one_line() -> None:
    log = Log()
    log.play([running(15, version=1, id=n) for n in (1, 2, 3)] + [completed(job_id=1)])
    log.clock.sleep(30)

    log.renderer.tick()

    assert log.lines[-1] == "1 of 3 completed, 2 jobs left"


def test_a_silent_upload_has_a_heartbeat_too() -> None:
    log = Log()
    log.play([UploadProgress(key="k", title="a.pdf", sent_bytes=0, size_bytes=9)])
    log.clock.sleep(30)

    log.renderer.tick()

    assert log.lines == ["a.pdf: waiting"]


def test_a_lost_link_and_its_return() -> None:
    log = Log()
    lost = LinkState(status=LinkStatus.RECONNECTING, attempt=1, retry_at=102.0, reason="reset")

    log.play([LinkState(status=LinkStatus.CONNECTING), LinkState(status=LinkStatus.LIVE), lost])
    log.clock.sleep(6)
    log.play([LinkState(status=LinkStatus.LIVE)])

    assert log.lines == [
        "connection lost (reset): reconnecting in 2 s (try 1); the server keeps the jobs",
        "connection: live",
    ]


def test_what_never_was_connected_is_not_lost() -> None:
    log = Log()
    failed = LinkState(
        status=LinkStatus.RECONNECTING, attempt=2, retry_at=102.0, reason="refused", is_first=True
    )

    log.play([LinkState(status=LinkStatus.CONNECTING), failed])

    assert log.lines == ["no connection yet (refused): connecting in 2 s (try 2)"]


def test_an_unstable_link_is_logged_at_most_every_5_seconds() -> None:
    log = Log()
    lost = LinkState(status=LinkStatus.RECONNECTING, attempt=1)

    for _ in range(100):
        log.play([lost, LinkState(status=LinkStatus.LIVE)])
        log.clock.sleep(0.2)
        log.renderer.tick()

    assert len(log.lines) <= 5


def test_polling_says_when_live_is_tried_again() -> None:
    log = Log()

    log.play([LinkState(status=LinkStatus.POLLING, attempt=6, poll_every_s=4, retry_at=121.0)])

    assert log.lines == [
        "connection: polling every 4 s; live updates blocked here; trying again in 21 s"
    ]


def test_only_ends_without_progress() -> None:
    log = Log(ends_only=True)

    log.play([running(15, version=1), LinkState(status=LinkStatus.POLLING), completed()])
    log.clock.sleep(100)
    log.renderer.tick()

    assert len(log.lines) == 1


def test_no_control_character_gets_through_not_even_on_a_terminal() -> None:
    log = Log(tty=True)
    evil = "a\x1b[2J\r\u202eb.pdf"

    log.play([make_snapshot(original_filename=evil)])
    log.play([ended(JobStatus.FAILED, original_filename=evil, error_message="\x1b[31m\n")])
    log.play([Refused(key="k", title=evil, message=evil, exit_code=ExitCode.REFUSED)])

    assert "\x1b" not in log.terminal.err.text
    assert "\r" not in log.terminal.err.text
    assert len(log.lines) == 4
