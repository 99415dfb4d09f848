"""socket.io-client of JavaScript, the specification's client, in node: its oldest and newest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from requirements import absent, require_tool

HERE = Path(__file__).parent / "javascript"
CACHE = Path(__file__).parents[2] / "build" / "javascript"
VERSIONS = ("oldest", "newest")
TRANSPORTS: tuple[list[str] | None, ...] = (None, ["polling"], ["websocket"])
"""Default, which polls and then upgrades; one alone; the other alone."""


def installed() -> Path:
    """Install the clients once, from npm's registry; returns the folder of the packages."""
    npm = require_tool("npm")
    packages = CACHE / "node_modules"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / ".lock"):
        if not all((packages / version / "package.json").exists() for version in VERSIONS):
            shutil.copy(HERE / "package.json", CACHE)
            command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"]
            try:
                subprocess.run(command, cwd=CACHE, capture_output=True, timeout=120, check=True)
            except subprocess.SubprocessError as error:
                absent(f"npm cannot install socket.io-client: {error}")
    return packages


class Watchers:
    """A node process with clients of every version and choice of transports, watching one job."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.names = [
            f"{version} {','.join(transports or ['default'])}"
            for version in VERSIONS
            for transports in TRANSPORTS
        ]

    def wait_until_joined(self) -> None:
        """Return once all have joined the job."""
        waiting = set(self.names)
        for line in self._lines():
            if line["event"] == "joined":
                waiting.discard(line["name"])
            if not waiting:
                return
        raise AssertionError(f"node ended, and these have not joined: {waiting}")

    def until_the_end(self) -> dict[str, list[dict[str, Any]]]:
        """Return what each client heard from then on, once all have seen the end."""
        heard = defaultdict(list)
        for line in self._lines():
            heard[line.pop("name")].append(line)
        assert self._process.wait(30) == 0
        return heard

    def _lines(self) -> Iterator[dict[str, Any]]:
        assert self._process.stdout
        while line := self._process.stdout.readline():
            yield json.loads(line)


@contextmanager
def watching(
    packages: Path, url: str, *, token: str, job_id: int, ca_file: Path | None = None
) -> Iterator[Watchers]:
    """Let all clients watch a job; they end by themselves when it has ended."""
    watchers = [
        {"client": version, "transports": transports}
        for version in VERSIONS
        for transports in TRANSPORTS
    ]
    given = json.dumps({"url": url, "token": token, "jobId": job_id, "watchers": watchers})
    environ = {**os.environ, "NODE_PATH": str(packages)}
    if ca_file is not None:
        environ["NODE_EXTRA_CA_CERTS"] = str(ca_file)
    process = subprocess.Popen(
        [require_tool("node"), str(HERE / "watch.js"), given],
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    with process:
        try:
            yield Watchers(process)
        finally:
            process.kill()


def assert_all_saw_the_same(
    heard: dict[str, list[dict[str, Any]]], *, processes: int = 1
) -> list[int]:
    """Hold that no transport missed what another of the same process saw; returns the versions.

    Each web process may leave out a version that the next one has overtaken.
    """
    seen = {
        name: tuple(line["job"]["version"] for line in lines if line["event"] == "progress")
        for name, lines in heard.items()
    }
    assert len(set(seen.values())) <= processes, seen
    for versions in seen.values():
        assert versions == tuple(sorted(set(versions)))
    for name, lines in heard.items():
        others = [line for line in lines if line["event"] not in {"progress", "end"}]
        assert others == [{"event": "disconnect", "reason": "io client disconnect"}], (name, others)
        [end] = [line for line in lines if line["event"] == "end"]
        assert end["transport"] == ("polling" if name.endswith(" polling") else "websocket"), name
        assert seen[name][-1] == max(map(max, seen.values()))
    return list(versions)
