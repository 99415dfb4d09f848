"""The limited child process: one request a line on stdin, one answer a line on stdout."""

from __future__ import annotations

import json
import math
import os
import queue
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.analysis import analyse
from fnt_server.pipeline.failures import PdfRejected

SHORT_BOOK = 5
"""A book of few pages may use this part of the time of the longest."""


def main() -> None:
    """Serve requests until stdin ends, which it does when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to decide on
    limits = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what PDFium may print must not mix with answers
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits["memory_bytes"])
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        _allow_cpu(limits["cpu_s"] / SHORT_BOOK)
        answers.write(json.dumps(_answer(request, limits)).encode() + b"\n")
        answers.flush()


def _listen(stdin: IO[bytes], requests: queue.SimpleQueue[bytes]) -> None:
    """Pass requests on, and end the process with the parent, even in the middle of a book."""
    for line in stdin:
        requests.put(line)
    os._exit(0)


def _answer(request: Mapping[str, Any], limits: Mapping[str, Any]) -> dict[str, Any]:
    try:
        analysis = analyse(
            Path(request["path"]),
            ProcessingSettings.from_wire(request["settings"]),
            max_pages=limits["max_pages"],
            max_text_chars=limits["max_text_chars"],
            on_open=lambda pages: _allow_cpu(_share(pages, limits)),
        )
    except PdfRejected as rejected:
        return {"rejected": rejected.code, "message": rejected.message}
    except MemoryError:
        return {"too_heavy": True}
    except Exception as error:  # a bug of ours: told to the parent, who logs it
        places = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
        # Not the error's own words: they may quote the book.
        return {"bug": f"{type(error).__name__} in {' > '.join(places[-5:])}"}
    return {"analysis": analysis.to_json()}


def _limit(kind: int, value: int) -> None:
    """Set a limit; macOS knows some of them only by name."""
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


def _share(pages: int, limits: Mapping[str, Any]) -> float:
    """Return the processor time a book of so many pages may use."""
    return float(limits["cpu_s"] * max(1 / SHORT_BOOK, pages / limits["max_pages"]))


def _allow_cpu(seconds: float) -> None:
    """Allow so much processor time from now on; then the system ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = math.ceil(used.ru_utime + used.ru_stime + seconds)
    _limit(resource.RLIMIT_CPU, allowed)


if __name__ == "__main__":
    main()
