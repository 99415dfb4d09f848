"""What a run is asked to do: which files, which results, and where they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fnt.errors import UsageError
from fnt.flow.inputs.upload_items import Input
from fnt.flow.results.destination import Destination
from fnt.flow.results.names import result_name
from fnt.flow.results.saver import Saver, Saving, is_taken
from fnt.output.renderer import DoneCriteria


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What following is for."""

    criteria: DoneCriteria
    saver: Saver | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """Names of the inputs as given, by row key."""
    jobs: Sequence[int] = ()
    """Jobs that are followed though no file of them is sent."""
    timeout_s: float | None = None
    give_up_s: float = 600.0
    """How long to try to save results while the server is away; 0 means forever."""
    resume_words: tuple[str, ...] = ()
    """Options that belong on the line to go on with."""
    fail_fast: bool = False
    """Leave at the first job that fails or is refused."""
    has_keys: bool = True
    """Whether keys may detach and cancel."""


def named_after(
    inputs: Sequence[Input], *, to: Destination, formats: tuple[str, ...], overwrite: bool
) -> Saving:
    """Choose the stem of each result, the tree of folders kept; refuses targets that collide."""
    owners: dict[Path, str] = {}
    stems = {}
    for one in inputs:
        name = result_name(one.filename, job_id=None, format=formats[0])
        stem = (to.folder / one.relative.parent / name).with_suffix("")
        if stem in owners:
            raise UsageError(
                f"{owners[stem]} and {one.given} would both be saved as {stem.with_name(name)}",
                hint="upload them separately with different -o, or use --no-save",
            )
        owners[stem] = one.given
        stems[one.key] = stem
    return Saving(to=to, formats=formats, overwrite=overwrite, named=stems)


def refuse_existing(
    saving: Saving, inputs: Sequence[Input], *, has_job: Callable[[Input], bool]
) -> None:
    """Refuse a target that exists, unless it may be the result that the server has already."""
    for one in inputs:
        taken = [path for path in saving.targets(one.key) if is_taken(path)]
        if taken and not saving.overwrite and not has_job(one):
            raise UsageError(f"{taken[0]} exists", hint="use --overwrite, -o DIR or --no-save")
