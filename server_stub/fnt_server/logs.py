"""One line per record, as text or JSON; no secrets, no text of books, no untrusted line breaks.

A warning that repeats itself is written once a minute, with the number of those left out.
Of an exception, only its type and (in our own code) the locations in its traceback are logged: the
message may quote a book, a file name or an SQL parameter.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, TextIO

TEXT, JSON = "text", "json"
FIELDS = (
    "request_id", "job_id", "step", "worker", "method", "path", "status", "ms", "outcome", "code",
    "repeated",
)  # fmt: skip
"""The fields a record may have, in the order of the text format."""
QUIET = ("alembic", "celery", "kombu", "gunicorn.error", "engineio.server", "socketio.server")
REPEATS_EVERY_S = 60.0
"""How often a warning that repeats itself is written."""
MAX_REPEATED = 1000
"""Different warnings whose repetitions are counted."""

_context: ContextVar[Mapping[str, object]] = ContextVar("log_context", default={})  # noqa: B039 -- never changed, only replaced


def set_context(**fields: object) -> None:
    """Set the fields of every record of this thread, replacing earlier ones."""
    _context.set(fields)


def add_context(**fields: object) -> None:
    """Add fields to every record of this thread from now on."""
    _context.set({**_context.get(), **fields})


@contextlib.contextmanager
def context(**fields: object) -> Iterator[None]:
    """Add fields to every record within the block."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def configure(log_format: str = TEXT) -> None:
    """Send all records to standard error, including those of libraries."""
    handler = LimitedHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == JSON else _TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in QUIET:  # an explicit level also keeps engineio from adding a handler
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_thread_crash


@dataclass(slots=True)
class _Repeated:
    """A warning that was written, and what was left out since."""

    written_at: float
    last: logging.LogRecord
    left_out: int = 0


class LimitedHandler(logging.StreamHandler[TextIO]):
    """Writes a warning that repeats itself once a minute: an outage must not fill the disk.

    Our own errors are bugs, and all are written. What is left out is written as `repeated`: with
    the next repetition, or when the minute has passed and anything else is logged.
    """

    def __init__(
        self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(stream)
        self._clock = clock
        self._repeated: dict[tuple[str, str], _Repeated] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, unless it repeats one of the last minute."""
        now = self._clock()
        key = _repetition_key(record)
        known = self._repeated.get(key) if key else None
        if known is not None:
            known.left_out, known.last = known.left_out + 1, record
        self._write_due(before=now - REPEATS_EVERY_S)
        if known is not None:
            return
        if key and len(self._repeated) < MAX_REPEATED:
            self._repeated[key] = _Repeated(now, record)
        super().emit(record)

    def close(self) -> None:
        """Write what was left out."""
        with contextlib.suppress(ValueError):  # the stream may be closed
            self._write_due(before=self._clock())
        super().close()

    def _write_due(self, *, before: float) -> None:
        """Write what has been left out for long enough; the entries are in the order of writing."""
        due = list(takewhile(lambda key: self._repeated[key].written_at <= before, self._repeated))
        for key in due:
            seen = self._repeated.pop(key)
            if not seen.left_out:
                continue
            self._repeated[key] = _Repeated(self._clock(), seen.last)
            seen.last.repeated = seen.left_out
            Context().run(super().emit, seen.last)  # it is not about the request of this thread


def _repetition_key(record: logging.LogRecord) -> tuple[str, str] | None:
    """Return what two records share that say the same; None if every record counts."""
    is_ours = record.name.startswith("fnt_server")
    if record.levelno < logging.WARNING or (is_ours and record.levelno > logging.WARNING):
        return None
    # Libraries count their attempts and seconds in the message.
    words = record.getMessage()
    return record.name, words if is_ours else re.sub(r"\d+", "#", words)


def _log_thread_crash(failed: threading.ExceptHookArgs) -> None:
    name = failed.thread.name if failed.thread else "?"
    logging.getLogger("threads").error("thread %s crashed: %s", name, failed.exc_type.__name__)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    known = {**_context.get(), **record.__dict__}
    return {name: known[name] for name in FIELDS if known.get(name) is not None}


def _event(record: logging.LogRecord) -> str:
    kind = record.exc_info[0] if record.exc_info else None
    return record.getMessage() + (f" ({kind.__name__})" if kind else "")


def _trace(record: logging.LogRecord) -> list[str]:
    """Return the traceback locations of an exception in our own code, innermost last."""
    trace = record.exc_info[2] if record.exc_info else None
    if trace is None or not record.name.startswith("fnt_server"):
        return []
    return [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)]


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        line = {
            "ts": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record),
            **_fields(record),
        }
        if trace := _trace(record):
            line["trace"] = trace
        return json.dumps(line, default=str)


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one line, plus one for each traceback location."""
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        lines = [f"{_timestamp(record)} {record.levelname} {record.name}: {_event(record)}{fields}"]
        return "\n    ".join(escaped(line) for line in [*lines, *_trace(record)])


def escaped(line: str) -> str:
    """Return the text with all non-printable characters escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _timestamp(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
