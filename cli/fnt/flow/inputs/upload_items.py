"""The files of an upload: which they are, what can be known of them, and their updates."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePath

from fnt.errors import FntError, UsageError
from fnt.files import read_errors
from fnt.flow.inputs.discovery import InputFile
from fnt.flow.inputs.preflight import Preflight, inspect_pdf
from fnt.progress import Refused, Update, UploadProgress
from fnt.session import Session, UploadItem, WatchOptions
from fnt.wire.jobs import ProcessingSettings

CHECKS_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file as it was found."""

    given: str
    relative: PurePath
    """Its name, or its path below the folder in which it was found."""
    item: UploadItem
    size_bytes: int

    @property
    def key(self) -> str:
        """The row's identity."""
        return self.item.key

    @property
    def filename(self) -> str:
        """The name the server is told."""
        return self.item.filename


def collect(
    found: Sequence[InputFile],
    *,
    settings: ProcessingSettings,
    new_key: Callable[[], str],
    skips_existing: bool = False,
) -> list[Input]:
    """Look at each file; raises for what is no file before anything is sent."""
    return [
        Input(
            given=file.given,
            relative=file.relative,
            size_bytes=_size_of(file.path),
            item=UploadItem(
                key=f"file:{number}",
                path=file.path,
                filename=_sendable(file.relative.name),
                settings=settings,
                idempotency_key=new_key(),
                skips_existing=skips_existing,
            ),
        )
        for number, file in enumerate(found)
    ]


def _size_of(path: Path) -> int:
    with read_errors(path):
        facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):
        raise UsageError(f"{path} is not a file")
    if not os.access(path, os.R_OK):
        raise UsageError(f"{path} cannot be read: permission denied")
    return facts.st_size


def _sendable(name: str) -> str:
    """Write a name that is not text (bytes of another encoding) as text that can be sent."""
    return name.encode("utf-8", "replace").decode("utf-8")


def checked_updates(
    inputs: Sequence[Input],
    session: Session,
    *,
    parallel: int,
    options: WatchOptions | None,
    warn: Callable[[str], None],
    checks_all_first: bool = False,
) -> Iterator[Update]:
    """Check all files, refuse what is certainly wrong, and send the rest.

    Sending begins with the first that was looked at, unless `checks_all_first`.
    Without options the session ends with the server's acceptance, else when each job ended.
    """
    for one in inputs:
        yield UploadProgress(
            key=one.key, title=one.filename, sent_bytes=0, size_bytes=one.size_bytes
        )
    with checks_of(inputs) as checks:
        looked_at = _looked_at(inputs, checks, warn=warn)
        if checks_all_first:
            looked_at = iter(sorted(looked_at, key=lambda one: not isinstance(one, Refused)))
        for first in looked_at:
            if isinstance(first, Refused):  # nothing is opened for files that are all refused
                yield first
                continue
            items = chain([first], looked_at)
            if options is None:
                yield from session.upload(items, parallel=parallel)
            else:
                yield from session.upload_and_watch(items, parallel=parallel, options=options)
            return


def _looked_at(
    inputs: Sequence[Input],
    checks: Iterator[Preflight | FntError],
    *,
    warn: Callable[[str], None],
) -> Iterator[UploadItem | Refused]:
    """Yield each file as soon as it was looked at; pulled by the threads that send."""
    for one, check in zip(inputs, checks, strict=True):
        refused = refusal(one, check, warn=warn)
        pages = check.page_count if isinstance(check, Preflight) else None
        yield refused or replace(one.item, page_count=pages)


@contextmanager
def checks_of(inputs: Sequence[Input]) -> Iterator[Iterator[Preflight | FntError]]:
    """Look at the files, a few at a time, while the block runs."""
    pool = ThreadPoolExecutor(max_workers=CHECKS_AT_ONCE, thread_name_prefix="fnt-check")
    try:
        yield pool.map(_check, inputs)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _check(one: Input) -> Preflight | FntError:
    try:
        return inspect_pdf(one.item.path)
    except FntError as error:
        return error


def refusal(
    one: Input, check: Preflight | FntError, *, warn: Callable[[str], None]
) -> Refused | None:
    """Return why a file is not to be sent; what is not certain is only warned of."""
    if isinstance(check, FntError):
        return Refused(
            key=one.key,
            title=one.filename,
            message=check.message,
            code=check.code,
            hint=check.hint,
            exit_code=check.exit_code,
        )
    problem = check.problem
    if problem is None:
        return None
    if not problem.certain:
        warn(f"warning: {one.filename}: {problem.message}")
        return None
    return Refused(key=one.key, title=one.filename, message=problem.message, code=problem.code)
