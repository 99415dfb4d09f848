"""The jobs seen last, kept for completion: what TAB shows without asking the network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fnt.files import PRIVATE, atomic_write

if TYPE_CHECKING:
    from fnt.wire.jobs import JobSnapshot  # TAB would wait 8 ms for it

MOST = 200
"""Jobs kept for one server, the newest."""


def remember(folder: Path, server: str, jobs: Iterable[JobSnapshot]) -> None:
    """Add jobs to those known; a cache that cannot be written is no error."""
    known = dict(recall(folder, server))
    known.update((job.id, f"{job.status}, {job.original_filename}"[:120]) for job in jobs)
    newest = sorted(known.items(), reverse=True)[:MOST]
    path = _path(folder, server)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with atomic_write(path, mode=PRIVATE, fsync=False) as file:
            file.write(json.dumps(newest).encode())


def recall(folder: Path, server: str) -> list[tuple[int, str]]:
    """Return number and words of the jobs known, newest first."""
    try:
        rows = json.loads(_path(folder, server).read_text(encoding="utf-8"))
        return [(int(number), str(words)) for number, words in rows]
    except (OSError, ValueError, TypeError):
        return []


def _path(folder: Path, server: str) -> Path:
    return folder / "seen" / (quote(server, safe="") + ".json")
