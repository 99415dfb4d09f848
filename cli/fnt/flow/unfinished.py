"""Unfinished uploads, stored so that the same command line resumes them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fnt.api.client import ApiClient
from fnt.errors import FntError, NotFoundError
from fnt.files import fingerprint, replaced_file
from fnt.flow.ledger import FAILED, Book, BookStatus, Ledger
from fnt.session.skip_existing import USEFUL

KEPT_S = 30 * 24 * 3600.0


class UnfinishedUpload:
    """The ledger of one command line, stored in a file while unfinished."""

    def __init__(self, config_dir: Path, asked: Mapping[str, Any]) -> None:
        words = json.dumps(asked, sort_keys=True, default=str)
        self._folder = config_dir / "unfinished"
        self._path = self._folder / f"{hashlib.sha256(words.encode()).hexdigest()[:32]}.ledger"

    def load(self, ledger: Ledger) -> None:
        """Load the stored state, if any; a file that cannot be read is ignored."""
        if self._path.exists():
            with contextlib.suppress(FntError):
                ledger.copy_from(self._path)

    def keep(self, ledger: Ledger, *, run: int) -> None:
        """Store the ledger if the run is partly done; delete it otherwise."""
        counts = ledger.counts(run=run)
        untouched = {BookStatus.WAITING, *FAILED}
        with contextlib.suppress(OSError, FntError):  # failing to store it must not fail the run
            if counts.keys() <= {BookStatus.DONE} or counts.keys() <= untouched:
                self._path.unlink(missing_ok=True)
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._remove_old()
            with replaced_file(self._path) as draft:
                ledger.copy_to(draft)

    def _remove_old(self) -> None:
        for path in self._folder.glob("*.ledger"):
            if time.time() - path.stat().st_mtime > KEPT_S:
                path.unlink(missing_ok=True)


def restart_stale(ledger: Ledger, api: ApiClient, *, run: int) -> None:
    """Reset books that failed, whose file changed, or whose job failed."""
    ledger.again(FAILED)
    for book in ledger.books(run=run):
        if book.sent is not None and (_has_changed(book) or _is_in_vain(book, api)):
            ledger.again([book.status], book=book)


def _has_changed(book: Book) -> bool:
    sent = book.sent
    try:
        facts = book.file.stat()
    except OSError:  # deleted, but its job may go on
        return False
    if sent is None or (facts.st_size, facts.st_mtime_ns) == (sent.size_bytes, sent.modified_ns):
        return False
    return fingerprint(book.file).sha256 != sent.sha256


def _is_in_vain(book: Book, api: ApiClient) -> bool:
    if book.job_id is None or book.status not in (BookStatus.RUNNING, BookStatus.UNSAVED):
        return False
    try:
        job = api.get_job(book.job_id)
    except NotFoundError:
        return True
    return job is not None and job.status not in USEFUL
