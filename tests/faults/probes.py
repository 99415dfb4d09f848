"""What a server's processes use, read from /proc."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e.harness import ServerProcess, descendants

PARTS = ("web", "worker", "broker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Sums over a part's processes."""

    memory_kib: int
    """Proportional: what several processes share counts once."""
    threads: int
    handles: int
    processes: int


def usage(server: ServerProcess) -> Mapping[str, Usage]:
    """Return what each part of a server uses now."""
    found = {}
    for part in PARTS:
        top = server.child(part)
        pids = [top, *descendants(top)]
        found[part] = Usage(
            memory_kib=sum(_figure(pid, "smaps_rollup", "Pss") for pid in pids),
            threads=sum(_figure(pid, "status", "Threads") for pid in pids),
            handles=sum(_handles(pid) for pid in pids),
            processes=len(pids),
        )
    return found


def _figure(pid: int, file: str, name: str) -> int:
    with contextlib.suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{pid}/{file}").read_text(), re.M)
        return int(found[1]) if found else 0
    return 0


def _handles(pid: int) -> int:
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0
