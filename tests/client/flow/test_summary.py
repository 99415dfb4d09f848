"""Summary of a run: every book counts once, and the counts determine the exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fnt.errors import (
    AllFailedError,
    ExitCode,
    FntError,
    NotFoundError,
    PartialError,
    QuotaError,
    RefusedInputError,
    TargetExistsError,
    TemporaryError,
)
from fnt.flow.ledger import BookStatus, Ledger
from fnt.flow.plan import Plan, ResumeHints
from fnt.flow.results.output_plan import OutputPlan
from fnt.flow.summary import Failures, RunSummary
from fnt.flow.tally import Tally
from fnt.progress import Refused
from world import Clock

HINTS = ResumeHints(again="fnt upload x.pdf")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.in_memory(now=Clock().now) as ledger:
        yield ledger


def stand(ledger: Ledger, *statuses: str) -> None:
    """Give the books of a run these statuses, with jobs numbered from 11."""
    ledger.begin_watch(range(11, 11 + len(statuses)))
    for book, status in zip(list(ledger.books()), statuses, strict=True):
        if status == "done":
            ledger.done(book, [])
        elif status == "unsaved":
            ledger.unsaved(book, [])
        else:
            ledger.record_error(book, code="X", message="why", status=BookStatus(status))


def summed(ledger: Ledger, failures: Failures | None = None, **options: bool) -> FntError | None:
    output = OutputPlan(folder=Path(), formats=())
    plan = Plan(ledger=ledger, run=1, output_plan=output, watch=None, hints=HINTS)
    return RunSummary(plan, failures or Failures()).error(**options)


def refusal(exit_code: ExitCode) -> Refused:
    return Refused(key="k", title="t", message="the reason", exit_code=exit_code)


def test_every_book_counts_once(ledger: Ledger) -> None:
    stand(ledger, "done", "failed", "cancelled", "refused", "changed", "unsaved", "running")

    tally = Tally.of_ledger(ledger, run=1)

    assert tally.to_json() == {
        "completed": 1, "failed": 1, "cancelled": 1, "refused": 2, "unsaved": 1, "left": 1,
    }  # fmt: skip
    assert tally.total == 7


@pytest.mark.parametrize(
    ("statuses", "kind", "message"),
    [
        (["done", "done"], None, ""),
        (["done", "failed"], PartialError, "1 of 2 jobs failed"),
        (
            ["done", "failed", "cancelled", "refused", "unsaved"],
            PartialError,
            "1 of 5 jobs failed, 1 cancelled, 1 refused, 1 not saved",
        ),
        (["failed"], AllFailedError, "the job failed"),
        (["cancelled"], AllFailedError, "the job was cancelled"),
        (["failed", "failed"], AllFailedError, "all 2 jobs failed"),
        (["failed", "refused"], AllFailedError, "1 of 2 jobs failed, 1 refused"),
        (["done", "refused"], PartialError, "1 of 2 jobs refused"),
        (["done", "unsaved"], TemporaryError, "1 of 2 results not saved"),
        (["done", "running"], TemporaryError, "1 job of 2 left"),
    ],
)
def test_what_a_run_ends_with(
    ledger: Ledger, statuses: list[str], kind: type[FntError] | None, message: str
) -> None:
    stand(ledger, *statuses)

    error = summed(ledger)

    assert (type(error), error.message if error else "") == (kind or type(None), message)


def test_unsaved_results_are_fetched_by_a_line_of_their_own(ledger: Ledger) -> None:
    stand(ledger, "done", "unsaved", "unsaved")

    error = summed(ledger)

    assert error is not None
    assert (error.exit_code, error.hint) == (ExitCode.TEMPORARY, "run: fnt download 12 13")


def test_a_result_that_can_never_be_saved_is_a_permanent_error(ledger: Ledger) -> None:
    stand(ledger, "done", "unsaved")

    error = summed(ledger, Failures(unsaved=[TargetExistsError("a.txt exists")]))

    assert isinstance(error, PartialError)
    assert error.message == "1 of 2 jobs not saved: a.txt exists"


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ([ExitCode.REFUSED, ExitCode.TEMPORARY], RefusedInputError),
        ([ExitCode.TEMPORARY, ExitCode.QUOTA], QuotaError),
        ([ExitCode.REFUSED, ExitCode.NOT_FOUND], NotFoundError),
    ],
)
def test_refused_files_and_a_server_that_cannot_be_reached(
    ledger: Ledger, codes: list[ExitCode], kind: type[FntError]
) -> None:
    stand(ledger, *("running" if code is ExitCode.TEMPORARY else "refused" for code in codes))
    failures = Failures()
    for code in codes:
        failures.note(refusal(code))

    assert type(summed(ledger, failures)) is kind


def test_jobs_running_after_detaching_are_no_failure(ledger: Ledger) -> None:
    stand(ledger, "done", "running")

    assert summed(ledger, is_detached=True) is None


@pytest.mark.parametrize(
    ("statuses", "hint"),
    [
        (["done", "failed", "running"], None),
        (["unsaved", "failed", "running"], "run: fnt download 11"),
    ],
)
def test_who_detaches_is_not_told_twice_how_to_resume(
    statuses: list[str], hint: str | None, ledger: Ledger
) -> None:
    stand(ledger, *statuses)

    error = summed(ledger, is_detached=True)

    assert isinstance(error, PartialError)
    assert error.hint == hint


def test_a_copy_of_a_ledger_in_memory_is_the_same(ledger: Ledger, tmp_path: Path) -> None:
    stand(ledger, "done", "failed")
    ledger.copy_to(tmp_path / "copy.ledger")

    with Ledger.in_memory(now=Clock().now) as other:
        other.copy_from(tmp_path / "copy.ledger")

        assert list(other.books()) == list(ledger.books())
