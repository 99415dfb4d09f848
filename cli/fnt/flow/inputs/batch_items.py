"""From rows of a ledger to what a session sends: a look at each file, and a key that is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from fnt.errors import ExitCode, FntError, NotFoundError
from fnt.files import fingerprint
from fnt.flow.inputs.preflight import inspect_pdf
from fnt.flow.ledger import Book, BookStatus, Ledger, Prepared
from fnt.flow.results.output_plan import OutputPlan
from fnt.progress import Refused
from fnt.session import UploadItem

AHEAD = 4
"""Books that are looked at while others are sent."""
FILE_CHANGED = "FILE_CHANGED"


class Preparer:
    """Yields books as items, in their order; runs in a session's threads, one at a time."""

    def __init__(
        self,
        ledger: Ledger,
        output_plan: OutputPlan,
        *,
        new_key: Callable[[], str],
        warn: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._output_plan = output_plan
        self._new_key = new_key
        self._warn = warn
        self._pool = ThreadPoolExecutor(max_workers=AHEAD, thread_name_prefix="fnt-check")
        self._is_stopped = False
        self.in_flight: dict[str, Book] = {}
        """Books that were handed out, by row key, until somebody takes them off."""

    def stop(self) -> None:
        """Hand out nothing more."""
        self._is_stopped = True

    def close(self) -> None:
        """Leave what was only looked at; the ledger knows."""
        self.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def items(self, books: Iterable[Book]) -> Iterator[UploadItem | Refused]:
        """Yield what is to be done; books that need nothing are passed over."""
        looks: deque[Future[UploadItem | Refused | None]] = deque()
        for book in books:
            if self._is_stopped:
                return
            if self._is_settled(book):
                continue
            self.in_flight[key_of(book)] = book
            looks.append(self._pool.submit(self._look, book))
            if len(looks) >= AHEAD and (item := looks.popleft().result()) is not None:
                yield item
        for look in looks:
            if (item := look.result()) is not None and not self._is_stopped:
                yield item

    def _is_settled(self, book: Book) -> bool:
        """Whether a book is done and nothing speaks against it, by a glance at the disk."""
        if book.status is not BookStatus.DONE or self._output_plan.missing(book):
            return False
        try:
            facts = book.file.stat()
        except (OSError, ValueError):  # it is gone, as things go that were imported
            return True
        sent = book.sent
        return sent is None or (facts.st_size, facts.st_mtime_ns) == (
            sent.size_bytes,
            sent.modified_ns,
        )

    def _look(self, book: Book) -> UploadItem | Refused | None:
        try:
            item = self._looked_at(book)
        except FntError as error:
            return refusal(book, error.message, code=error.code, error=error)
        if item is None:
            del self.in_flight[key_of(book)]
        return item

    def _looked_at(self, book: Book) -> UploadItem | Refused | None:
        if book.sent is None:
            return self._first_look(book)
        if book.status in (BookStatus.RUNNING, BookStatus.UNSAVED):
            return _item(book, book.sent)
        if not self._has_same_bytes(book, book.sent):
            return refusal(
                book,
                "the file has changed since it was sent",
                code=FILE_CHANGED,
                hint="send it as a new job with: fnt batch retry",
            )
        if book.status is BookStatus.DONE and not self._output_plan.missing(book):
            return None
        return _item(book, book.sent)

    def _first_look(self, book: Book) -> UploadItem | Refused:
        look = inspect_pdf(book.file)
        if look.problem is not None:
            if look.problem.certain:
                return refusal(book, look.problem.message, code=look.problem.code)
            self._warn(f"warning: {book.path}: {look.problem.message}")
        now = fingerprint(book.file)
        sent = Prepared(
            key=self._new_key(),
            sha256=now.sha256,
            size_bytes=now.size_bytes,
            modified_ns=now.modified_ns,
            page_count=look.page_count,
        )
        self._ledger.sending(book, sent)
        return _item(book, sent)

    def _has_same_bytes(self, book: Book, sent: Prepared) -> bool:
        """Whether a file is what was sent; one that is gone is no other."""
        try:
            now = fingerprint(book.file)
        except NotFoundError:
            if book.job_id is None:
                raise
            return True
        if now.sha256 == sent.sha256 and now.modified_ns != sent.modified_ns:
            self._ledger.same_bytes(book, modified_ns=now.modified_ns)
        return now.sha256 == sent.sha256


def key_of(book: Book) -> str:
    """Return the row's identity."""
    return f"book:{book.id}"


def refusal(
    book: Book,
    message: str,
    *,
    code: str | None,
    hint: str | None = None,
    error: FntError | None = None,
) -> Refused:
    """Return why a book is not sent."""
    return Refused(
        key=key_of(book),
        title=book.path,
        message=message,
        code=code,
        hint=error.hint if error else hint,
        exit_code=error.exit_code if error else ExitCode.REFUSED,
    )


def _item(book: Book, sent: Prepared) -> UploadItem:
    return UploadItem(
        key=key_of(book),
        path=book.file,
        filename=book.filename,
        settings=book.settings,
        idempotency_key=sent.key,
        page_count=sent.page_count,
        job_id=book.job_id,
        sha256=sent.sha256,
    )
