"""From ledger rows to upload items: checks each file and records an idempotency key."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from fnt.api.client import ApiClient
from fnt.errors import FntError, NotFoundError
from fnt.files import Fingerprint, fingerprint
from fnt.flow.inputs.preflight import inspect_pdf
from fnt.flow.inputs.refusals import Warn, changed, refusal, unreadable
from fnt.flow.ledger import Book, BookStatus, Ledger, Prepared
from fnt.flow.results.output_plan import OutputPlan
from fnt.pdf_look.warm_child import WarmChild
from fnt.progress import Refused
from fnt.session import UploadItem
from fnt.session.skip_existing import existing_job
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

AHEAD = 4
"""Number of books checked ahead of the uploads."""


class Preparer:
    """Yields books as upload items, in order, from a session's threads, one at a time."""

    def __init__(
        self,
        ledger: Ledger,
        output_plan: OutputPlan,
        *,
        new_key: Callable[[], str],
        skips_existing: bool = False,
        warm_child: WarmChild | None = None,
    ) -> None:
        self._ledger = ledger
        self._output_plan = output_plan
        self._new_key = new_key
        self._skips_existing = skips_existing
        self._child = warm_child or WarmChild()
        self._fingerprints: dict[int, Fingerprint] = {}
        self._pool = ThreadPoolExecutor(max_workers=AHEAD, thread_name_prefix="fnt-check")
        self._stopped = threading.Event()
        self.in_flight: dict[str, Book] = {}
        """Books handed out and not yet removed by the run, by row key."""

    def stop(self) -> None:
        """Yield no more items."""
        self._stopped.set()

    def close(self) -> None:
        """Discard books that were only checked; the ledger has them."""
        self.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._child.close()

    def items(self, books: Iterable[Book], *, warn: Warn) -> Iterator[UploadItem | Refused]:
        """Yield the items to upload, skipping books that need nothing."""
        looks: deque[Future[UploadItem | Refused | None]] = deque()
        for book in books:
            if self._stopped.is_set():
                return
            if self._is_settled(book):
                continue
            self.in_flight[book.key] = book
            looks.append(self._pool.submit(self._look, book, warn))
            if len(looks) >= AHEAD and (item := looks.popleft().result()) is not None:
                yield item
        for look in looks:
            if (item := look.result()) is not None and not self._stopped.is_set():
                yield item
        self._child.close()

    def _is_settled(self, book: Book) -> bool:
        """Return whether a book is done and its files are in place and unchanged."""
        if book.status is not BookStatus.DONE or self._output_plan.missing(book):
            return False
        try:
            facts = book.file.stat()
        except (OSError, ValueError):  # deleted, as imported files often are
            return True
        sent = book.sent
        return sent is None or (facts.st_size, facts.st_mtime_ns) == (
            sent.size_bytes,
            sent.modified_ns,
        )

    def _look(self, book: Book, warn: Warn) -> UploadItem | Refused | None:
        def tell(name: str, words: str) -> None:
            if not self._stopped.is_set():  # checks that were cut short are nobody's concern
                warn(name, words)

        try:
            item = self._looked_at(book, tell)
        except FntError as error:
            return unreadable(error, book)
        if item is None:
            del self.in_flight[book.key]
        return item

    def _looked_at(self, book: Book, warn: Warn) -> UploadItem | Refused | None:
        if book.sent is None:
            return self._first_look(book, warn)
        if book.status in (BookStatus.RUNNING, BookStatus.UNSAVED):
            return self._item(book, book.sent)
        if not self._has_same_bytes(book, book.sent):
            return changed(book)
        if book.status is BookStatus.DONE and not self._output_plan.missing(book):
            return None
        return self._item(book, book.sent)

    def _first_look(self, book: Book, warn: Warn) -> UploadItem | Refused:
        look = inspect_pdf(book.file, stopped=self._stopped, ask=self._child.ask)
        if (refused := refusal(look, book, warn=warn)) is not None:
            return refused
        now = self.fingerprint(book)
        sent = Prepared(
            key=self._new_key(),
            sha256=now.sha256,
            size_bytes=now.size_bytes,
            modified_ns=now.modified_ns,
            page_count=look.page_count,
        )
        self._ledger.sending(book, sent)
        return self._item(book, sent)

    def fingerprint(self, book: Book) -> Fingerprint:
        """Return the hash of a book's file, computed once until it is handed out."""
        found = self._fingerprints.pop(book.id, None)
        return found or fingerprint(book.file, name=book.path)

    def existing_job(self, api: ApiClient, book: Book) -> JobSnapshot | None:
        """Return the server's job for the same file and settings, or None."""
        now = self._fingerprints[book.id] = self.fingerprint(book)
        return existing_job(api, sha256=now.sha256, settings=book.settings)

    def has_completed(self, api: ApiClient, book: Book) -> bool:
        """Return whether the server has the result for the same file and settings."""
        job = self.existing_job(api, book)
        return job is not None and job.status is JobStatus.COMPLETED

    def _has_same_bytes(self, book: Book, sent: Prepared) -> bool:
        """Return whether a file is unchanged since its upload, or deleted."""
        try:
            now = self.fingerprint(book)
        except NotFoundError:
            if book.job_id is None:
                raise
            return True
        if now.sha256 == sent.sha256 and now.modified_ns != sent.modified_ns:
            self._ledger.same_bytes(book, modified_ns=now.modified_ns)
        return now.sha256 == sent.sha256

    def _item(self, book: Book, sent: Prepared) -> UploadItem:
        return UploadItem(
            key=book.key,
            path=book.file,
            filename=book.filename,
            settings=book.settings,
            idempotency_key=sent.key,
            page_count=sent.page_count,
            skips_existing=self._skips_existing,
            job_id=book.job_id,
            sha256=sent.sha256,
            size_bytes=sent.size_bytes,
        )
