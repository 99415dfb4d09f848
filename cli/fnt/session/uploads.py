"""The threads that upload files: hash, create the job, send, and report to the inbox."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from fnt.api.client import ApiClient
from fnt.errors import (
    AuthError,
    ExitCode,
    FntError,
    NotFoundError,
    RejectedError,
    SetupError,
    TemporaryError,
)
from fnt.files import fingerprint
from fnt.patience import Patience
from fnt.progress import Accepted, Refused, UploadProgress
from fnt.session.options import UploadItem, WatchOptions
from fnt.session.skip_existing import existing_job
from fnt.session.upload_retry import UploadRetry
from fnt.wire.error_codes import ErrorCode
from fnt.wire.jobs import ProcessingSettings

FULL = frozenset({ErrorCode.TOO_MANY_JOBS, ErrorCode.QUEUE_FULL, ErrorCode.RATE_LIMITED})
"""Error codes of a healthy server that temporarily has no room."""
REPORT_EVERY_S = 0.125
"""Minimum interval between two progress reports of an upload."""
ROOM_TICK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An error that ends the whole run."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """All items have been taken."""

    taken: int


class _StoppedError(Exception):
    """The run has ended; abandon the current upload."""


class UploadPool:
    """Uploads a few items at a time; each ends as exactly one Accepted or Refused.

    With a window, items are taken only while fewer are unfinished; the reader of the inbox calls
    `release_slot` for each that ends. The iterator runs in the pool's threads, one at a time. Of a
    run that is watched, a later run sends what was given up; otherwise its job is cancelled.
    """

    def __init__(  # noqa: PLR0913 -- one per collaborator
        self,
        api: ApiClient,
        items: Iterable[UploadItem | Refused],
        *,
        parallel: int,
        watch: WatchOptions | None,
        inbox: SimpleQueue[Any],
        retry: UploadRetry,
        patience: Patience,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._api = api
        self._random = random
        self._inbox = inbox
        self._retry = retry
        self._patience = patience
        self._is_resumable = watch is not None
        self._clock = clock
        self._items = iter(items)
        self._taken = 0
        self._is_drained = False
        self._taking = threading.Lock()
        window = None if watch is None else watch.window
        self._room = None if window is None else threading.Semaphore(window)
        self._threads = parallel
        self._stopped = threading.Event()
        self._unsent: dict[str, int] = {}
        """Jobs that wait for their file, by item."""
        self._duplicates: defaultdict[tuple[str, ProcessingSettings], threading.Lock] = defaultdict(
            threading.Lock
        )

    def start(self) -> None:
        """Start the threads, which are daemons."""
        for number in range(self._threads):
            threading.Thread(target=self._work, name=f"upload-{number}", daemon=True).start()

    def stop(self) -> None:
        """Stop uploading."""
        self._stopped.set()

    @property
    def has_window(self) -> bool:
        """Whether the number of unfinished items is limited."""
        return self._room is not None

    def release_slot(self) -> None:
        """Record that an item's job has ended."""
        if self._room is not None:
            self._room.release()

    def _work(self) -> None:
        try:
            while (item := self._next()) is not None:
                self._inbox.put(item if isinstance(item, Refused) else self._settle(item))
        except _StoppedError:
            return
        except Exception as error:  # reported to the main thread, whatever it is
            self._inbox.put(Failed(error=error))

    def _next(self) -> UploadItem | Refused | None:
        """Wait for a free slot and return the next item; None after the last."""
        self._stop_if_asked()
        while self._room is not None and not self._room.acquire(timeout=ROOM_TICK_S):
            self._stop_if_asked()
        with self._taking:
            self._stop_if_asked()
            item = next(self._items, None)
            if item is not None:
                self._taken += 1
            elif not self._is_drained:
                self._is_drained = True
                self._inbox.put(Drained(taken=self._taken))
            return item

    def _settle(self, item: UploadItem) -> Accepted | Refused:
        try:
            if item.job_id is not None:
                return self._with_retries(lambda: self._found(item))
            sha256, size_bytes = self._hashed(item)
            self._reporter(item, size_bytes)(0)
            with self._wait_for_duplicates(item, sha256):
                return self._with_retries(
                    lambda: self._sent(item, sha256=sha256, size_bytes=size_bytes)
                )
        except AuthError:
            raise
        except SetupError:  # no other file would fare better
            self._withdraw(item)
            raise
        except FntError as error:
            if not (self._is_resumable and isinstance(error, TemporaryError)):
                self._withdraw(item)
            return _refused(item, error)

    def _withdraw(self, item: UploadItem) -> None:
        """Cancel the job of a file that will not be sent: no later run would ask for it."""
        job_id = self._unsent.pop(item.key, None)
        if job_id is not None:
            with suppress(FntError):
                self._api.cancel(job_id)

    def _hashed(self, item: UploadItem) -> tuple[str, int]:
        if item.sha256 is not None and item.size_bytes is not None:
            return item.sha256, item.size_bytes
        file = fingerprint(item.path, name=item.filename, on_piece=self._stop_if_asked)
        return file.sha256, file.size_bytes

    @contextmanager
    def _wait_for_duplicates(self, item: UploadItem, sha256: str) -> Iterator[None]:
        """Hold back duplicates of a file, so that they find the first one's job."""
        if not item.skips_existing:
            yield
            return
        with self._duplicates[sha256, item.settings]:
            self._stop_if_asked()
            yield

    def _with_retries(self, attempt: Callable[[], Accepted]) -> Accepted:
        """Retry while the server is unreachable, which the idempotency key makes safe."""
        while True:
            try:
                accepted = attempt()
            except TemporaryError as error:
                if self._room is not None and error.code in FULL:
                    self._patience.reached()
                elif not self._patience.failed(error):
                    raise
                pause_s = self._random() * self._retry.pause_cap_s
                asked_s = min(error.retry_after_s or 0, self._retry.asked_pause_cap_s)
                if self._stopped.wait(pause_s + asked_s):
                    raise _StoppedError from error
            else:
                self._patience.reached()
                return accepted

    def _found(self, item: UploadItem) -> Accepted:
        assert item.job_id is not None
        job = self._api.get_job(item.job_id)
        assert job is not None  # only a conditional request can return None
        if item.sha256 and job.sha256 != item.sha256:
            raise NotFoundError(
                f"job {job.id} belongs to another file", code=ErrorCode.JOB_NOT_FOUND
            )
        return Accepted(key=item.key, job=job)

    def _sent(self, item: UploadItem, *, sha256: str, size_bytes: int) -> Accepted:
        if item.skips_existing:
            there = existing_job(self._api, sha256=sha256, settings=item.settings)
            if there is not None:
                return Accepted(key=item.key, job=there, is_skipped=True)
        job = self._api.confirm(
            filename=item.filename,
            settings=item.settings,
            size_bytes=size_bytes,
            page_count=item.page_count,
            sha256=sha256,
            idempotency_key=item.idempotency_key,
        )
        if job.uploaded_at is None and not job.status.is_terminal:
            report = self._reporter(item, size_bytes)
            self._unsent[item.key] = job.id
            job = self._api.upload(job.id, item.path, filename=item.filename, on_sent=report)
        self._unsent.pop(item.key, None)
        return Accepted(key=item.key, job=job)

    def _reporter(self, item: UploadItem, size_bytes: int) -> Callable[[int], None]:
        """Return a callback for the bytes sent, limited to a few reports per second."""
        next_at = self._clock()

        def report(sent_bytes: int) -> None:
            nonlocal next_at
            self._stop_if_asked()
            now = self._clock()
            if now < next_at and sent_bytes < size_bytes:
                return
            next_at = now + REPORT_EVERY_S
            self._inbox.put(
                UploadProgress(
                    key=item.key,
                    title=item.filename,
                    sent_bytes=sent_bytes,
                    size_bytes=size_bytes,
                )
            )

        return report

    def _stop_if_asked(self) -> None:
        if self._stopped.is_set():
            raise _StoppedError


def _refused(item: UploadItem, error: FntError) -> Refused:
    return Refused(
        key=item.key,
        title=item.filename,
        message=error.message,
        code=error.code,
        hint=error.hint,
        request_id=error.request_id,
        exit_code=ExitCode.REFUSED if isinstance(error, RejectedError) else error.exit_code,
    )
