"""HTTP as one person's client speaks it, every answer noted in a history."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx

from faults.history import Entry, History, Op
from fnt.wire import paths
from fnt.wire.jobs import JobSnapshot


class RecordingTransport(httpx.BaseTransport):
    """Passes requests on and notes what came back, or that nothing did."""

    def __init__(self, history: History, *, observer: str, user: str) -> None:
        self._inner = httpx.HTTPTransport()
        self._history = history
        self._observer = observer
        self._user = user

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        asked = Entry(
            op=Op.OTHER,
            observer=self._observer,
            user=self._user,
            began=time.monotonic(),
            note=f"{request.method} {path}",
        )
        if path.endswith("/cancel"):
            self._history.add(replace(asked, op=Op.CANCEL, job=_job_in(path)))
        try:
            response = self._inner.handle_request(request)
            response.read()
        except httpx.HTTPError as error:
            self._history.add(replace(asked, note=f"{asked.note}: {type(error).__name__}"))
            raise
        for entry in _told(replace(asked, http=response.status_code), request, response):
            self._history.add(entry)
        return _unread(response)

    def close(self) -> None:
        self._inner.close()


def _unread(response: httpx.Response) -> httpx.Response:
    """Return the response as a transport does: its stream may be read, though ours has been."""
    encoded = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [(k, v) for k, v in response.headers.multi_items() if k not in encoded]
    return httpx.Response(response.status_code, headers=headers, content=response.content)


def _told(asked: Entry, request: httpx.Request, response: httpx.Response) -> Iterator[Entry]:
    path = request.url.path
    if response.status_code == 404 and request.method == "GET":
        yield replace(asked, op=Op.READ, job=_job_in(path))
    elif path.endswith("/result"):
        digest = hashlib.sha256(response.content).hexdigest()
        yield replace(asked, op=Op.RESULT, job=_job_in(path), sha256=digest)
    elif not response.is_success:
        yield asked
    elif path == paths.CONFIRM:
        job = _job(response.json()["job"])
        key = request.headers[paths.IDEMPOTENCY_KEY]
        book = job.original_filename.removesuffix(".pdf")
        yield replace(asked, op=Op.CONFIRM, job=job.id, key=key, book=book)
    elif path == paths.UPLOAD:
        yield replace(asked, op=Op.UPLOAD, job=response.json()["job_id"])
    elif path == paths.JOBS:
        found = response.json()["jobs"]
        yield from (replace(asked, op=Op.READ).about(_job(job)) for job in found)
    elif _job_in(path) is not None:
        yield replace(asked, op=Op.READ).about(_job(response.json()))
    else:
        yield asked


def _job(payload: object) -> JobSnapshot:
    return JobSnapshot.from_wire(payload)


def _job_in(path: str) -> int | None:
    part = path.removeprefix(f"{paths.JOBS}/").partition("/")[0]
    return int(part) if part.isdigit() else None
