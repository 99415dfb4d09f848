"""What a run is asked to do: which books of a ledger, which results, and where they go."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from fnt.errors import UsageError
from fnt.flow.ledger import Book, Ledger
from fnt.flow.ledger.books import absolute
from fnt.flow.results.output_plan import OutputPlan, is_taken, prepare_folder
from fnt.output.renderer import DoneCriteria
from fnt.session import WatchOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeHints:
    """What to type next."""

    again: str
    """The line that goes on with this run."""
    retry: str | None = None
    """The line that tries failed books again, where it is another one."""
    watch_options: tuple[str, ...] = ()
    """Options that belong on `fnt watch` for the jobs of this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is done with the books of a ledger."""

    ledger: Ledger
    run: int | None
    """The run of the ledger whose books are meant; None means all books."""
    output_plan: OutputPlan
    watch: WatchOptions | None
    """Without options a run ends with the server's acceptance."""
    hints: ResumeHints
    parallel: int = 1
    timeout_s: float | None = None
    fail_fast: bool = False
    """Leave at the first job that fails or is refused, after checking every file."""
    is_batch: bool = False
    """Of any size: rows leave the view soon after they ended, and the ledger is the memory."""
    noun: str = "job"
    """What the summary counts."""

    @property
    def criteria(self) -> DoneCriteria:
        """When a row has nothing more to tell."""
        return DoneCriteria(accepted=self.watch is None, outputs=len(self.output_plan.formats))


def refuse_collisions(ledger: Ledger, output_plan: OutputPlan, *, run: int, hint: str) -> None:
    """Refuse a file that would hold two results, before anything is sent."""
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
    """Refuse a target that exists and is not the ledger's own, before anything is sent."""
    for book in ledger.books(run=run):
        own = {*book.targets, *book.outputs}
        for _, path in output_plan.targets(book):
            if path == output_plan.folder or not is_taken(path) or absolute(path) in own:
                continue
            if (output_plan.overwrite and not path.is_dir()) or may_exist(book):
                continue
            raise UsageError(f"{path} exists", hint="use --overwrite, -o DIR or --no-save")


def prepare_folders(ledger: Ledger, output_plan: OutputPlan, *, run: int | None) -> None:
    """Make the folders of all results, before anything is sent."""
    if output_plan.formats:
        prepare_folder(output_plan.folder)
        folders = {os.path.dirname(book.stem) for book in ledger.books(run=run)}  # noqa: PTH120 -- text
        for folder in folders - {""} if output_plan.file is None else ():
            prepare_folder(output_plan.folder / folder)
