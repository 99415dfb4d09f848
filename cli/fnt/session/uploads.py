"""The threads that send files: hash, confirm, upload, and tell an inbox how it goes."""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty, Queue, SimpleQueue
from typing import Any

from fnt.api.client import ApiClient
from fnt.errors import (
    AuthError,
    ExitCode,
    FntError,
    NotFoundError,
    RejectedError,
    TemporaryError,
    UsageError,
)
from fnt.progress import Accepted, Refused, UploadProgress
from fnt.session.existing import existing_job
from fnt.session.options import Pace, UploadItem
from fnt.wire.jobs import ProcessingSettings

HASH_PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An error that ends the whole run."""

    error: Exception


class _StoppedError(Exception):
    """The run is over; what is being sent is left alone."""


class UploadCrew:
    """Sends items a few at a time. Each ends as exactly one Accepted or Refused in the inbox."""

    def __init__(
        self,
        api: ApiClient,
        items: Sequence[UploadItem],
        *,
        parallel: int,
        inbox: Queue[Any],
        pace: Pace,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self._api = api
        self._random = random
        self._inbox = inbox
        self._pace = pace
        self._clock = clock
        self._waiting: SimpleQueue[UploadItem] = SimpleQueue()
        for item in items:
            self._waiting.put(item)
        self._threads = min(parallel, len(items))
        self._stopped = threading.Event()
        self._reached = threading.Event()
        self._twins: defaultdict[tuple[str, ProcessingSettings], threading.Lock] = defaultdict(
            threading.Lock
        )

    def start(self) -> None:
        """Begin. The threads never keep the process alive."""
        for number in range(self._threads):
            threading.Thread(target=self._work, name=f"upload-{number}", daemon=True).start()

    def stop(self) -> None:
        """Send nothing more."""
        self._stopped.set()

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                item = self._waiting.get_nowait()
            except Empty:
                return
            try:
                self._inbox.put(self._settle(item))
            except _StoppedError:
                return
            except Exception as error:  # whatever it is, the main thread is to hear of it
                self._inbox.put(Failed(error=error))
                return

    def _settle(self, item: UploadItem) -> Accepted | Refused:
        try:
            return self._patiently_sent(item)
        except AuthError:
            raise
        except FntError as error:
            return _refused(item, error)
        except OSError as error:
            return _refused(item, _unreadable(item, error))

    def _patiently_sent(self, item: UploadItem) -> Accepted:
        """Try again while a server that was there before is away: the key makes that safe."""
        sha256, size_bytes = self._hashed(item)
        with self._before_its_twins(item, sha256):
            return self._tried(item, sha256=sha256, size_bytes=size_bytes)

    @contextmanager
    def _before_its_twins(self, item: UploadItem, sha256: str) -> Iterator[None]:
        """Let the same file, given twice, find the job of the first."""
        if not item.skips_existing:
            yield
            return
        with self._twins[sha256, item.settings]:
            self._stop_if_asked()
            yield

    def _tried(self, item: UploadItem, *, sha256: str, size_bytes: int) -> Accepted:
        failed_at: float | None = None
        while True:
            try:
                return self._sent(item, sha256=sha256, size_bytes=size_bytes)
            except TemporaryError as error:
                failed_at = failed_at or self._clock()
                waited_s = self._clock() - failed_at
                if not self._reached.is_set() or waited_s >= self._pace.upload_patience_s:
                    raise
                pause_s = self._random() * self._pace.backoff_cap_s
                if self._stopped.wait(pause_s + min(error.retry_after_s or 0, 30)):
                    raise _StoppedError from error

    def _sent(self, item: UploadItem, *, sha256: str, size_bytes: int) -> Accepted:
        if item.skips_existing:
            there = existing_job(self._api, sha256=sha256, settings=item.settings)
            self._reached.set()
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
        self._reached.set()
        if job.uploaded_at is None and not job.status.is_terminal:
            report = self._reporter(item, size_bytes)
            job = self._api.upload(job.id, item.path, filename=item.filename, on_sent=report)
        return Accepted(key=item.key, job=job)

    def _hashed(self, item: UploadItem) -> tuple[str, int]:
        digest, size_bytes = hashlib.sha256(), 0
        with item.path.open("rb") as file:
            while piece := file.read(HASH_PIECE_BYTES):
                self._stop_if_asked()
                digest.update(piece)
                size_bytes += len(piece)
        self._reporter(item, size_bytes)(0)
        return digest.hexdigest(), size_bytes

    def _reporter(self, item: UploadItem, size_bytes: int) -> Callable[[int], None]:
        """Return what tells the bytes sent, a few times a second."""
        next_at = self._clock()

        def report(sent_bytes: int) -> None:
            nonlocal next_at
            self._stop_if_asked()
            now = self._clock()
            if now < next_at and sent_bytes < size_bytes:
                return
            next_at = now + self._pace.upload_tick_s
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


def _unreadable(item: UploadItem, error: OSError) -> FntError:
    kind = NotFoundError if isinstance(error, FileNotFoundError) else UsageError
    return kind(f"{item.filename} cannot be read: {error.strerror or type(error).__name__}")
