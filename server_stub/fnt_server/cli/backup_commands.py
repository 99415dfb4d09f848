"""`fnt-server backup` and `fnt-server restore`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from fnt_server.cli.options import DataDir, echo, read_config

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(
    file: BackupFile,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace FILE if it exists.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Back up database, files and signing key to one file, while the server runs."""
    from fnt_server.backup import creation  # noqa: PLC0415 -- heavy

    _end_cleanly()
    config = read_config(data_dir=data_dir)
    manifest = creation.create_backup(config, file.absolute(), overwrite=overwrite)
    held = ["database"] * manifest.has_database + [
        f"{manifest.file_count} files"
    ] * manifest.has_files
    echo(f"backup written to {file}: {', '.join([*held, 'signing key'])}. Keep it secret.")
    for hint in creation.missing_parts(manifest):
        sys.stderr.write(f"note: {hint}\n")


def restore(
    file: BackupFile,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Restore into a data folder that is not empty; keeps its old data.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Restore a backup into an empty data folder; the server must be stopped."""
    from fnt_server.backup import creation, restoration  # noqa: PLC0415 -- heavy

    _end_cleanly()
    config = read_config(data_dir=data_dir)
    manifest = restoration.restore_backup(config, file.absolute(), replace=replace)
    if manifest is None:
        echo(f"finished a restore into {config.data_dir} that was interrupted")
        return
    echo(f"restored the backup of {manifest.created_at} into {config.data_dir}")
    for hint in creation.missing_parts(manifest):
        sys.stderr.write(f"note: {hint}\n")


def _end_cleanly() -> None:
    """Let SIGTERM remove what is unfinished, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
