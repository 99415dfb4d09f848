"""A large file sent by `fnt`, beside curl sending it in the same request to the same server."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.report import Figure, seconds
from e2e.harness import ClientHome, RestClient, ServerProcess, running
from pdfs import write_large_pdf

SIZE_MB = 200
RAISED = {"FNT_MAX_UPLOAD_MB": "256", "FNT_PACE_MS": "60000"}
"""The limit; and workers that keep the processor free while files are sent."""


def measure(*, short: bool) -> Iterator[Figure]:
    """Take turns: curl, fnt; both timed by the server, from the request to its answer."""
    if shutil.which("curl") is None:
        yield Figure(name="upload beside curl", value="not measured", wanted="there is no curl")
        return
    by_fnt, by_curl, whole, peaks = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        book = write_large_pdf(root / "large.pdf", size_bytes=SIZE_MB * 1_000_000)
        with running(ServerProcess(root / "data", **RAISED)) as server:
            server.add_user("bench@example.org")
            rest = RestClient(server.url, "bench@example.org")
            home = ClientHome(root / "home", server.url)
            home.environ["FNT_TOKEN"] = rest.token
            for _ in range(1 if short else 5):
                _by_curl(server, rest, book)
                by_curl.append(_last_upload_s(server))
                _let_go(rest)
                whole.append(seconds(lambda: peaks.append(_by_fnt(home, book))))
                by_fnt.append(_last_upload_s(server))
                _let_go(rest)
            rest.close()
    fnt_s, curl_s = statistics.median(by_fnt), statistics.median(by_curl)
    yield Figure(
        name=f"throughput of {SIZE_MB} MB by fnt / by curl",
        value=f"{curl_s / fnt_s:.2f} ({SIZE_MB / fnt_s:.0f} / {SIZE_MB / curl_s:.0f} MB/s)",
        wanted="≥ 0.8",
        more_is_better=True,
    )
    yield Figure(name="  the whole command", value=f"{statistics.median(whole):.2f} s")
    yield Figure(name="  its peak memory", value=f"{max(peaks):.0f} MB", wanted="≤ 80 MB")


def _by_fnt(home: ClientHome, book: Path) -> float:
    """Send, and return the client's peak memory in MB, its children's included."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fnt", "upload", str(book), "--detach", "-q"],
        cwd=home.folder, env=home.environ, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6


def _by_curl(server: ServerProcess, rest: RestClient, book: Path) -> None:
    job_id = rest.post("/jobs/confirm", json={"original_filename": book.name}).json()["job_id"]
    command = ["curl", "-sS", "-f", "-o", os.devnull, "-H", "Expect:",
               "-H", f"Authorization: Bearer {rest.token}",
               "-F", f"job_id={job_id}", "-F", f"pdf_file=@{book};type=application/pdf",
               f"{server.url}/api/v1/process-pdf"]  # fmt: skip
    subprocess.run(command, check=True)


def _let_go(rest: RestClient) -> None:
    """End the newest job once its file has been read: the next upload has the machine to itself."""
    job_id = rest.get("/jobs", params={"limit": 1}).json()["jobs"][0]["id"]
    rest.wait_until(job_id, lambda job: job["progress_percent"] >= 10)
    rest.post(f"/jobs/{job_id}/cancel")


def _last_upload_s(server: ServerProcess) -> float:
    """Return how long the server was busy with the last upload."""
    text = server.log.read_text(errors="replace")
    taken = re.findall(r"path=/api/v1/process-pdf status=202 ms=(\d+)", text)
    return int(taken[-1]) / 1000
