"""Selection and opening of the ledger for a command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from fnt.errors import NotFoundError, UsageError
from fnt.flow.ledger import Ledger, ledger_lock

ENDING = ".ledger"
OF_FOLDER = f".fnt-batch{ENDING}"
"""Name of a folder's ledger; hidden, so that no run takes it for a book."""


def ledger_path(source: str | None, ledger: Path | None) -> Path:
    """Return the ledger of a source: next to the manifest, in the folder, or here for `-`."""
    if ledger is not None:
        return ledger
    if source is None:
        return _only_one()
    path = Path(source)
    if source == "-":
        return Path(OF_FOLDER)
    if path.is_dir():
        return path / OF_FOLDER
    return path if path.suffix == ENDING else path.with_name(path.name + ENDING)


def _only_one() -> Path:
    """Return the ledger in the current folder, if there is exactly one."""
    found = sorted({*Path().glob(f"*{ENDING}"), *Path().glob(OF_FOLDER)})
    if not found:
        raise NotFoundError("no ledger in this folder", hint="pass the manifest, or --ledger FILE")
    if len(found) > 1:
        names = ", ".join(map(str, found))
        raise UsageError(f"found several ledgers: {names}", hint="choose one with --ledger FILE")
    return found[0]


@contextmanager
def held_ledger(path: Path, *, now: Callable[[], datetime], create: bool) -> Iterator[Ledger]:
    """Open and lock a ledger for one run; a new one that is still empty is deleted on exit."""
    is_new = not path.exists()
    if is_new and not create:
        raise NotFoundError(f"ledger {path} not found", hint="start one with: fnt batch run")
    with ledger_lock(path):
        try:
            with Ledger(path, now=now, create=create) as ledger:
                yield ledger
        finally:
            if is_new:
                _remove_if_empty(path, now=now)


def _remove_if_empty(path: Path, *, now: Callable[[], datetime]) -> None:
    if not path.is_file():
        return
    with Ledger(path, now=now) as ledger:
        is_empty = not ledger.counts()
    if is_empty:
        path.unlink(missing_ok=True)
