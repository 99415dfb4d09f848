"""One line per record, as text or JSON; no secrets, no text of books, no untrusted line breaks.

Of an exception, only its type and (in our own code) the locations in its traceback are logged: the
message may quote a book, a file name or an SQL parameter.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

TEXT, JSON = "text", "json"
FIELDS = (
    "request_id", "job_id", "step", "worker", "method", "path", "status", "ms", "outcome", "code",
)  # fmt: skip
"""The fields a record may have, in the order of the text format."""
QUIET = ("alembic", "celery", "kombu", "gunicorn.error", "engineio.server", "socketio.server")

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
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if log_format == JSON else _TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for noisy in QUIET:  # an explicit level also keeps engineio from adding a handler
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_thread_crash


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
