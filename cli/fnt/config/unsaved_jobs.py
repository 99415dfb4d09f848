"""Records jobs whose results are not saved yet, so that a later command can save them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fnt.errors import FntError
from fnt.files import PRIVATE, atomic_write, open_regular
from fnt.wire.times import format_time

if TYPE_CHECKING:
    from fnt.wire.jobs import JobSnapshot

KEPT_S = 90 * 24 * 3600.0
MAX_BYTES = 64 * 1024
ENDING = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the upload of a job saves its result."""

    folder: str | None = None
    """The absolute output folder; None if there is none, or it is not known."""
    below: str = ""
    """The folder below it, ending in a slash, for a file found in a folder."""
    created_at: str | None = None
    """When the job was created: a server that was set up anew counts from 1 again."""


class UnsavedJobs:
    """The unsaved jobs of one account on one server.

    One small file a job: processes need no lock, and a damaged file costs no more than the place
    of its job. Nothing here ever fails: what cannot be read is not remembered.
    """

    def __init__(self, data_dir: Path, *, server: str, account: Callable[[], str]) -> None:
        self._root = data_dir / "unsaved"
        self._server = server
        self._account = account
        self._found: Path | None = None
        self._refusal: FntError | None = None

    def add(self, job: JobSnapshot, *, folder: str | None, below: str) -> None:
        """Add a job, or replace its place."""
        place = {"folder": folder, "below": below, "created_at": _created(job)}
        with suppress(OSError, FntError):
            path = self._folder() / f"{job.id}{ENDING}"
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with atomic_write(path, mode=PRIVATE, fsync=False) as file:
                file.write(json.dumps(place).encode())

    def discard(self, job_id: int) -> None:
        """Remove a job."""
        with suppress(OSError, FntError):
            if self._root.exists():
                (self._folder() / f"{job_id}{ENDING}").unlink(missing_ok=True)

    def place(self, job_id: int) -> Place | None:
        """Return where a job is to be saved; None if it is not remembered."""
        with suppress(OSError, FntError):
            path = self._folder() / f"{job_id}{ENDING}"
            if self._root.exists() and path.exists():
                return _read(path)
        return None

    def places(self) -> dict[int, Place]:
        """Return all jobs, oldest first; those remembered for too long are removed."""
        found: dict[int, Place] = {}
        with suppress(OSError, FntError):
            if not self._root.exists():
                return {}
            for path in self._folder().iterdir():
                number = _number(path)
                with suppress(OSError):  # another process may have removed it meanwhile
                    if number is not None and not _is_expired(path):
                        found[number] = _read(path)
        return dict(sorted(found.items()))

    def _folder(self) -> Path:
        if self._refusal is not None:  # not asked again for each job
            raise self._refusal
        if self._found is None:
            try:
                owner = f"{self._server}\n{self._account()}"
            except FntError as error:
                self._refusal = error
                raise
            self._found = self._root / hashlib.sha256(owner.encode()).hexdigest()[:32]
        return self._found


def is_same(place: Place, job: JobSnapshot) -> bool:
    """Return whether a place belongs to a job, rather than to an earlier one of its number."""
    return place.created_at in (None, _created(job))


def _created(job: JobSnapshot) -> str:
    return format_time(job.created_at)


def _number(path: Path) -> int | None:
    text = path.stem
    is_one = path.suffix == ENDING and text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_one and path.is_file() else None


def _is_expired(path: Path) -> bool:
    if time.time() - path.stat().st_mtime <= KEPT_S:
        return False
    path.unlink()
    return True


def _read(path: Path) -> Place:
    try:
        with open_regular(path) as file:
            fields = json.loads(file.read(MAX_BYTES))
        created_at = fields["created_at"]
        return Place(
            folder=_folder_of(fields["folder"]),
            below=_below_of(fields["below"]),
            created_at=created_at if isinstance(created_at, str) else None,
        )
    except (OSError, FntError, ValueError, LookupError, TypeError, RecursionError):
        return Place()


def _folder_of(value: Any) -> str | None:
    is_one = isinstance(value, str) and "\0" not in value and Path(value).is_absolute()
    return value if is_one else None


def _below_of(value: Any) -> str:
    """Return a folder below another; empty if it is none."""
    if not isinstance(value, str) or not value.endswith("/") or "\0" in value:
        return ""
    path = Path(value)
    return "" if path.anchor or ".." in path.parts else value
