"""What a run does: which books, which results, and where to save them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from fnt.config.unsaved_jobs import UnsavedJobs
from fnt.errors import UsageError
from fnt.flow.ledger import Book, Ledger
from fnt.flow.ledger.books import absolute
from fnt.flow.results.output_plan import OutputPlan, is_taken, prepare_folder
from fnt.output.renderer import DoneCriteria
from fnt.session import GIVE_UP_S, WatchOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeHints:
    """Commands suggested to the user."""

    again: str
    """The command that resumes this run."""
    retry: str | None = None
    """The command that retries failed books, if it differs."""
    options: tuple[str, ...] = ()
    """Options for `fnt watch` and `fnt download` that lead to the same server and files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do with the books of a ledger."""

    ledger: Ledger
    run: int | None
    """The number of the run whose books are processed; None means all books."""
    output_plan: OutputPlan
    watch: WatchOptions | None
    """If None, the run ends once the server has accepted all files."""
    hints: ResumeHints
    give_up_s: float = GIVE_UP_S
    """How long the server may be out of reach for sending, watching and saving; 0 means forever."""
    parallel: int = 1
    timeout_s: float | None = None
    fail_fast: bool = False
    """Stop at the first job that fails or is refused, after checking all files."""
    is_resumable: bool = False
    """Whether the same command line resumes it, with the jobs it has."""
    is_batch: bool = False
    """Whether it may be of any size: ended rows are retired, and only the ledger keeps them."""
    noun: str = "job"
    """The noun used in the summary."""
    unsaved: UnsavedJobs | None = None
    """Where jobs are remembered until they are saved; a batch has its ledger for that."""
    folder: str | None = None
    """The output folder to remember, also where this run saves nothing."""

    @property
    def criteria(self) -> DoneCriteria:
        """When a row counts as settled."""
        return DoneCriteria(accepted=self.watch is None, outputs=len(self.output_plan.formats))


def refuse_collisions(ledger: Ledger, output_plan: OutputPlan, *, run: int, hint: str) -> None:
    """Raise UsageError, before the upload, if two results would have the same file."""
    if output_plan.formats and (two := ledger.same_stem(run)) is not None:
        raise UsageError(
            f"{two[0].path} and {two[1].path} would both be saved as "
            f"{output_plan.targets(two[0])[0][1]}",
            hint=f"{hint}, or use --no-save",
        )


def refuse_existing(
    ledger: Ledger,
    output_plan: OutputPlan,
    *,
    run: int,
    may_exist: Callable[[Book], bool] = lambda _: False,
) -> None:
    """Raise UsageError, before the upload, if a target exists that this ledger did not write."""
    for book in ledger.books(run=run):
        own_files = {*book.targets, *book.outputs}
        for _, path in output_plan.targets(book):
            if output_plan.names_later(book) or not is_taken(path) or absolute(path) in own_files:
                continue
            if (output_plan.overwrite and not path.is_dir()) or may_exist(book):
                continue
            raise UsageError(f"{path} exists", hint="use --overwrite, -o DIR or --no-save")


def prepare_folders(ledger: Ledger, output_plan: OutputPlan, *, run: int | None) -> None:
    """Create the folders of all results, before the upload."""
    if output_plan.formats:
        prepare_folder(output_plan.folder)
        folders = {os.path.dirname(book.stem) for book in ledger.books(run=run)}  # noqa: PTH120 -- text
        for folder in folders - {""} if output_plan.file is None else ():
            prepare_folder(output_plan.folder / folder)
