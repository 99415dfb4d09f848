"""Cache of recently seen jobs, so that shell completion needs no network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fnt.files import PRIVATE, atomic_write

if TYPE_CHECKING:
    from fnt.wire.jobs import JobSnapshot  # importing it would delay completion by 8 ms

MOST = 200
"""Maximum number of jobs cached per server; the newest are kept."""


def remember(folder: Path, server: str, jobs: Iterable[JobSnapshot]) -> None:
    """Add jobs to the cache; write errors are ignored."""
    known = dict(recall(folder, server))
    known.update((job.id, f"{job.status}, {job.original_filename}"[:120]) for job in jobs)
    newest = sorted(known.items(), reverse=True)[:MOST]
    path = _path(folder, server)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with atomic_write(path, mode=PRIVATE, fsync=False) as file:
            file.write(json.dumps(newest).encode())


def recall(folder: Path, server: str) -> list[tuple[int, str]]:
    """Return (job number, description) pairs from the cache, newest first."""
    try:
        rows = json.loads(_path(folder, server).read_text(encoding="utf-8"))
        return [(int(number), str(words)) for number, words in rows]
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        return []


def _path(folder: Path, server: str) -> Path:
    return folder / "seen" / (quote(server, safe="") + ".json")
