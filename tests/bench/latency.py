"""From the commit to the client: `updated_at` is the commit's time by the same machine's clock."""

from __future__ import annotations

import queue
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import socketio

from bench.books import long_book
from bench.report import Figure, ms, percentile
from e2e.harness import RestClient, ServerProcess, running
from fnt.wire import events


def measure(*, short: bool) -> Iterator[Figure]:
    """Watch jobs over one socket and note when each event comes."""
    with tempfile.TemporaryDirectory() as folder:
        book = long_book(Path(folder), pages=200 if short else 1000).read_bytes()
        # A short pause in each chunk: what is measured is the way of the event, not a busy machine.
        with running(ServerProcess(Path(folder) / "data", FNT_PACE_MS="100")) as server:
            server.add_user("bench@example.org")
            rest = RestClient(server.url, "bench@example.org")
            delays = [d for _ in range(1 if short else 3) for d in _watch(server, rest, book)]
            rest.close()
    for share in (0.5, 0.99):
        yield Figure(
            name=f"event latency commit → client, p{share * 100:.0f} of {len(delays)}",
            value=ms(percentile(delays, share)),
        )


def _watch(server: ServerProcess, rest: RestClient, book: bytes) -> list[float]:
    arrived: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()
    socket = socketio.Client(reconnection=False, handle_sigint=False)
    socket.on(events.JOB_PROGRESS, lambda job: arrived.put((time.time(), job)))
    socket.connect(server.url, transports=["websocket"], auth={"token": rest.token})
    body = {"original_filename": "bench.pdf"}
    job_id = rest.post("/jobs/confirm", json=body).json()["job_id"]
    socket.call(events.JOIN_JOB, {"job_id": job_id})
    rest.post("/process-pdf", data={"job_id": str(job_id)}, files={"pdf_file": ("b.pdf", book)})
    delays = []
    while True:
        at, job = arrived.get(timeout=60)
        delays.append(at - datetime.fromisoformat(job["updated_at"]).timestamp())
        if job["status"] == "completed":
            socket.disconnect()
            return delays
