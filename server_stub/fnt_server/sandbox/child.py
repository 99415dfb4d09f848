"""The sandbox child: one request per line on stdin, one response per line on stdout."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.analysis import analyze
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.sandbox.limits import SandboxLimits, limit_cpu, limit_memory


def main() -> None:
    """Serve requests until stdin ends, which it does when the parent dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    limits = SandboxLimits(**json.loads(sys.argv[1]))
    responses = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # keep PDFium's output out of the responses
    limit_memory(limits.memory_bytes)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        limit_cpu(limits.cpu_s_for(1))
        responses.write(json.dumps(_respond(request, limits)).encode() + b"\n")
        responses.flush()


def _read_requests(stdin: IO[bytes], requests: queue.SimpleQueue[bytes]) -> None:
    """Queue requests; exit when the parent does, even in the middle of a book."""
    for line in stdin:
        requests.put(line)
    os._exit(0)


def _respond(request: Mapping[str, Any], limits: SandboxLimits) -> dict[str, Any]:
    try:
        analysis = analyze(
            Path(request["path"]),
            ProcessingSettings.from_wire(request["settings"]),
            max_pages=limits.max_pages,
            max_text_chars=limits.max_text_chars,
            on_open=lambda pages: limit_cpu(limits.cpu_s_for(pages)),
        )
    except PdfRejected as rejected:
        return {"rejected": rejected.code, "message": rejected.message}
    except MemoryError:
        return {"too_heavy": True}
    except Exception as error:  # a bug: the parent logs it
        frames = [f"{f.name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
        # Not the error's own message: it may quote the book.
        return {"bug": f"{type(error).__name__} in {' > '.join(frames[-5:])}"}
    return {"analysis": analysis.to_json()}


if __name__ == "__main__":
    main()
