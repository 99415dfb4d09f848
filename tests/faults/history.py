"""What everybody did and saw while things broke, one line of JSON each."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from fnt.wire.jobs import JobSnapshot


class Op(StrEnum):
    """What an entry tells of."""

    CONFIRM = "confirm"  # an answer to confirm: a key and the job it gave
    UPLOAD = "upload"  # an answer to a file that was sent; 202: the job is accepted
    CANCEL = "cancel"  # somebody wants the job to stop
    READ = "read"  # an answer with a job, as the server sent it
    SHOWN = "shown"  # a job as a watcher's client showed it
    LIST = "list"  # a complete list of one's own jobs
    RESULT = "result"  # the bytes of a result
    OTHER = "other"  # any other answer
    NEMESIS = "nemesis"  # something was broken, or mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One action with its answer, or one observation."""

    op: Op
    observer: str
    user: str = ""
    at: float = 0.0
    """Seconds since the epoch."""
    clock: float = 0.0
    """Seconds of a clock that never jumps: when the answer had come."""
    began: float = 0.0
    """The same clock, when it was asked."""
    job: int | None = None
    key: str | None = None
    version: int | None = None
    status: str | None = None
    progress: int | None = None
    code: str | None = None
    http: int | None = None
    """None where no answer came."""
    ids: Sequence[int] = ()
    book: str | None = None
    """The input, with its settings, that a job was made from."""
    sha256: str | None = None
    note: str = ""

    def about(self, job: JobSnapshot) -> Self:
        """Return the entry with what a job says of itself."""
        return replace(
            self,
            job=job.id,
            version=job.version,
            status=str(job.status),
            progress=job.progress_percent,
            code=job.error_code,
        )


class History:
    """Entries in the order in which they came, kept in memory and appended to a file."""

    def __init__(
        self,
        path: Path,
        *,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._wall = wall
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Append an entry, stamped with the time."""
        with self._lock:
            now = self._clock()
            stamped = replace(entry, at=self._wall(), clock=now, began=entry.began or now)
            self._entries.append(stamped)
            filled = {name: value for name, value in asdict(stamped).items() if value}
            self._file.write(json.dumps(filled) + "\n")
            self._file.flush()

    def entries(self) -> list[Entry]:
        """Return what has been noted so far."""
        with self._lock:
            return list(self._entries)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(lines: Iterable[str]) -> list[Entry]:
    """Read what a History has written."""
    return [Entry(**{**values, "op": Op(values["op"])}) for values in map(json.loads, lines)]
