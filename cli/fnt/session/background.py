"""Blocking calls run in threads, which put their results into the inbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

from fnt.api.client import MAX_PAGE, ApiClient
from fnt.api.retry import Retry
from fnt.errors import AuthError, FntError, NotFoundError
from fnt.session.uploads import Failed
from fnt.stream import JobStream
from fnt.wire.jobs import JobSnapshot

FEW = 3
"""Up to this many jobs are fetched individually, with ETags."""

ONCE = Retry(tries=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A socket is connected."""

    stream: JobStream


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOpened:
    """A connection attempt failed."""

    error: FntError


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """The jobs fetched from the server, and the ids it does not know."""

    jobs: Sequence[JobSnapshot]
    missing: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFailed:
    """The jobs could not be fetched."""

    error: FntError


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The token was checked; a newer one is to be sent over the socket."""

    stream: JobStream
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelDone:
    """The response to a cancel request over HTTP."""

    job_id: int
    job: JobSnapshot | None
    error: FntError | None = None


class BackgroundCalls:
    """Runs each call in its own daemon thread."""

    def __init__(
        self,
        api: ApiClient,
        *,
        open_stream: Callable[[SimpleQueue[Any]], JobStream],
        inbox: SimpleQueue[Any],
        attempt_s: float,
    ) -> None:
        self._api = api
        self._open_stream = open_stream
        self._inbox = inbox
        self._attempt_s = attempt_s
        self._lock = threading.Lock()
        self._streams: set[JobStream] = set()
        self._is_stopped = False

    def stop(self) -> None:
        """Close all sockets, including one that opens later."""
        with self._lock:
            self._is_stopped = True
            streams = tuple(self._streams)
        for stream in streams:
            self.close(stream)

    def connect(self) -> None:
        """Try to connect a socket."""
        self._run(self._opened)

    def poll(self, versions: Mapping[int, int | None]) -> None:
        """Fetch jobs over HTTP; `versions` are the ones already known."""
        self._run(lambda: self._poll(versions))

    def renew(self, stream: JobStream) -> None:
        """Check whether the token needs renewal or was renewed."""
        self._run(lambda: self._renewed(stream))

    def cancel(self, job_id: int) -> None:
        """Cancel a job over HTTP."""
        self._run(lambda: self._cancel(job_id))

    def close(self, stream: JobStream) -> None:
        """Close a socket that is no longer used."""
        with self._lock:
            self._streams.discard(stream)
        threading.Thread(target=stream.close, daemon=True).start()

    def _run(self, task: Callable[[], object]) -> None:
        def run() -> None:
            try:
                self._inbox.put(task())
            except Exception as error:  # reported to the main thread, whatever it is
                self._inbox.put(Failed(error=error))

        threading.Thread(target=run, daemon=True).start()

    def _opened(self) -> Opened | NotOpened:
        stream = self._open_stream(self._inbox)
        try:
            stream.connect(self._attempt_s)
        except FntError as error:
            return NotOpened(error=error)
        with self._lock:
            self._streams.add(stream)
            is_late = self._is_stopped
        if is_late:
            self.close(stream)
        return Opened(stream=stream)

    def _renewed(self, stream: JobStream) -> Renewed:
        try:
            return Renewed(stream=stream, token=stream.newer_token())
        except AuthError:
            raise
        except FntError:  # not urgent: the old token is valid for a while
            return Renewed(stream=stream, token=None)

    def _poll(self, versions: Mapping[int, int | None]) -> Polled | PollFailed:
        try:
            if len(versions) <= FEW:
                return self._poll_each(versions)
            return self._poll_together(versions)
        except FntError as error:
            return PollFailed(error=error)

    def _poll_each(self, versions: Mapping[int, int | None]) -> Polled:
        jobs, missing = [], []
        for job_id, version in versions.items():
            try:
                job = self._api.get_job(job_id, etag_version=version, retry=ONCE)
            except NotFoundError:
                missing.append(job_id)
            else:
                jobs += [job] if job is not None else []
        return Polled(jobs=jobs, missing=missing)

    def _poll_together(self, versions: Mapping[int, int | None]) -> Polled:
        jobs: list[JobSnapshot] = []
        ids = list(versions)
        for start in range(0, len(ids), MAX_PAGE):
            part = ids[start : start + MAX_PAGE]
            jobs += self._api.list_jobs(ids=part, limit=None, retry=ONCE)
        found = {job.id for job in jobs}
        return Polled(jobs=jobs, missing=[job_id for job_id in ids if job_id not in found])

    def _cancel(self, job_id: int) -> CancelDone:
        try:
            return CancelDone(job_id=job_id, job=self._api.cancel(job_id))
        except FntError as error:
            return CancelDone(job_id=job_id, job=None, error=error)
