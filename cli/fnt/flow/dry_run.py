"""`--dry-run`: what an upload would send, skip, refuse and save, and how it would end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fnt.context import AppContext
from fnt.errors import FntError
from fnt.files import fingerprint
from fnt.flow.inputs.preflight import Preflight
from fnt.flow.inputs.upload_items import Input, checks_of, refusal
from fnt.flow.results.saver import Saving
from fnt.flow.summary import error_of
from fnt.progress import ProgressState, Refused, UploadProgress, reduce
from fnt.session.existing_jobs import existing_job
from fnt.wire.jobs import JobSnapshot

if TYPE_CHECKING:
    from fnt.api.client import ApiClient


def show_dry_run(
    context: AppContext, inputs: Sequence[Input], *, saving: Saving | None, api: ApiClient
) -> None:
    """Send nothing, tell what would happen to each file; raises as the run would end."""
    entries = context.report.answer["upload"] = []
    state = ProgressState()
    with checks_of(inputs) as checks:
        for one, check in zip(inputs, checks, strict=True):
            refused = refusal(one, check, warn=context.terminal.say)
            skipped = None
            if refused is None and one.item.skips_existing:
                skipped = known_job(api, one)
            entries.append(_entry(one, check, saving=saving, refused=refused, skipped=skipped))
            context.terminal.result(_line(entries[-1]))
            row = UploadProgress(
                key=one.key, title=one.filename, sent_bytes=0, size_bytes=one.size_bytes
            )
            state = reduce(state, refused or row, now=0)
    error = error_of(state)
    if error is not None:
        raise error


def known_job(api: ApiClient, one: Input) -> JobSnapshot | None:
    """Return the job that the server has of this very file with these settings."""
    sha256 = fingerprint(one.item.path, name=one.given).sha256
    return existing_job(api, sha256=sha256, settings=one.item.settings)


def _entry(
    one: Input,
    check: Preflight | FntError,
    *,
    saving: Saving | None,
    refused: Refused | None,
    skipped: JobSnapshot | None,
) -> dict[str, Any]:
    outputs = saving.targets(one.key) if saving and not refused else ()
    return {
        "file": one.given,
        "action": "refuse" if refused else "skip" if skipped else "send",
        "size_bytes": one.size_bytes,
        "page_count": check.page_count if isinstance(check, Preflight) else None,
        "job": skipped.id if skipped else None,
        "outputs": [str(path) for path in outputs],
        "problem": {"code": refused.code, "message": refused.message} if refused else None,
    }


def _line(entry: dict[str, Any]) -> str:
    words = f"{entry['action']:6}  {entry['file']}"
    if entry["problem"]:
        return f"{words}: {entry['problem']['message']}"
    if entry["job"]:
        words += f": already uploaded as job {entry['job']}"
    return words + (f" -> {', '.join(entry['outputs'])}" if entry["outputs"] else "")
