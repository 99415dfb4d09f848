"""Messages at the end of a run: what failed, what is left, and how to continue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fnt.flow.ledger import OPEN, BookStatus
from fnt.flow.plan import Plan
from fnt.flow.summary import download_line, watch_line
from fnt.flow.tally import Tally
from fnt.output.closing import show_failures, show_summary
from fnt.output.formatting import plural, span
from fnt.output.terminal import Terminal

ROOM_BESIDE_COUNTS = 24
"""Columns of a summary for its mark, its dots and the time."""
MAX_LISTED_FAILURES = 20
"""Maximum number of failures listed at the end of a run."""
LISTED = {
    BookStatus.FAILED: "fnt jobs list --status failed",
    BookStatus.REFUSED: "fnt check",
    BookStatus.CHANGED: "",
    BookStatus.UNSAVED: "fnt download --unsaved",
}
"""Failures that are listed at the end, and the command that shows all of them."""


def count_left(plan: Plan) -> int:
    """Return the number of books that have not ended."""
    counts = plan.ledger.counts(run=plan.run)
    return sum(counts.get(status, 0) for status in OPEN)


def words_for_left(plan: Plan) -> str:
    """Return what has not ended: `3 jobs still running, 31 files not sent, 1 result not saved`."""
    if plan.is_batch:
        return f"{plural(count_left(plan), 'book')} left"
    unsaved = _count_unsaved(plan)
    words = [_words_to_resume(plan), f"{plural(unsaved, 'result')} not saved" if unsaved else ""]
    return ", ".join(filter(None, words))


def _words_to_resume(plan: Plan) -> str:
    running, unsent = _count_running(plan), _count_unsent(plan)
    words = [f"{plural(running, 'job')} still running"] if running else []
    return ", ".join(words + ([f"{plural(unsent, 'file')} not sent"] if unsent else []))


def _count_running(plan: Plan) -> int:
    return plan.ledger.counts(run=plan.run).get(BookStatus.RUNNING, 0)


def _count_unsent(plan: Plan) -> int:
    counts = plan.ledger.counts(run=plan.run)
    return counts.get(BookStatus.WAITING, 0) + counts.get(BookStatus.SENDING, 0)


def _count_unsaved(plan: Plan) -> int:
    return plan.ledger.counts(run=plan.run).get(BookStatus.UNSAVED, 0)


def tell_end(terminal: Terminal, plan: Plan, *, elapsed_s: float, styled: bool) -> None:
    """Say what came of a run of several books: in one line, but for a folder too long for that."""
    tally = Tally.of_ledger(plan.ledger, run=plan.run)
    if tally.total < 2:
        return
    folder = "" if plan.output_plan.folder == Path() else f" in {plan.output_plan.folder}/"
    if plan.watch is None:
        done, folder = "uploaded", ""
    elif not plan.output_plan.formats:
        done, folder = "completed", ""
    else:
        done = "saved"
    words = tally.words(done + folder)
    is_too_long = styled and sum(map(len, words)) > terminal.console.width - ROOM_BESIDE_COUNTS
    if is_too_long:
        words = tally.words(done)
    is_good = tally.completed > 0
    show_summary(terminal, [*words, span(elapsed_s)], is_good=is_good, styled=styled)
    if is_too_long and folder and tally.completed:
        terminal.say(f"  saved{folder}")


def tell_failures(
    terminal: Terminal,
    plan: Plan,
    *,
    hints: Mapping[str, str],
    titles: Mapping[str, str],
    styled: bool,
) -> None:
    """List failures with what to do, also earlier ones, which may have been told hours ago.

    Hints are by error code; titles of books without a file by the keys of their rows.
    """
    failures, more = list[tuple[str, str]](), list[BookStatus]()
    for book in plan.ledger.books(run=plan.run, statuses=[*LISTED]):
        if book.error_code is None:  # its save was interrupted
            continue
        hint = hints.get(book.error_code or "")
        text = f"{book.error_message}; {hint}" if hint else book.error_message or ""
        if len(failures) < MAX_LISTED_FAILURES:
            status = "" if styled else f"{book.status}: "
            code = "" if styled else f" ({book.error_code})"
            name = book.path or titles.get(book.key) or f"job {book.job_id}"
            failures.append((name, f"{status}{text}{code}"))
        else:
            more.append(book.status)
    if failures:
        show_failures(terminal, failures, styled=styled)
    if more:
        lines = [line for status, line in LISTED.items() if line and status in more]
        shown = "fnt batch status" if plan.is_batch else " and ".join(lines)
        terminal.say(f"and {len(more)} more" + (f": {shown}" if shown else ""))


def tell_how_to_resume(terminal: Terminal, plan: Plan, *, width: int | None) -> None:
    """Say what is still running or was not sent, and how to resume it.

    Where the same command line does that, it also stands for a list of jobs wider than `width`.
    """
    if not count_left(plan):
        return
    if plan.is_batch:
        terminal.say(f"{words_for_left(plan)}; resume with: {plan.hints.again}")
        return
    running, unsent = _count_running(plan), _count_unsent(plan)
    watching = f"{plural(running, 'job')} still running; resume with: {watch_line(plan)}"
    is_too_wide = running > 0 and width is not None and len(watching) > width
    if plan.is_resumable and (unsent or is_too_wide):
        terminal.say(f"{_words_to_resume(plan)}; to resume, run the same command again")
        return
    if running:
        terminal.say(watching)
    if unsent:
        again = "run the same command again with --skip-existing"
        terminal.say(f"{plural(unsent, 'file')} not sent; {again}")


def tell_unsaved(terminal: Terminal, plan: Plan) -> None:
    """Say which results are not saved, and how to download them."""
    number = _count_unsaved(plan)
    if number and not plan.is_batch:
        line = download_line(plan)
        terminal.say(f"{plural(number, 'result')} not saved; run: {line}")
