"""Shared by all commands: data folder, settings, database, output."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from fnt_server import logs
from fnt_server.config import Config
from fnt_server.db import schema
from fnt_server.db.connection import COMMAND, Database

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help="Data folder. [env: FNT_DATA_DIR]"),
]
HELP_NAMES = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def read_config(**flags: object) -> Config:
    """Read the settings; a flag overrides its environment variable, for child processes too."""
    for name, value in flags.items():
        if value is not None:
            os.environ[f"FNT_{name.upper()}"] = str(value)
    config = Config.from_env()
    logs.configure(config.log_format)
    return config


def open_database(config: Config) -> Database:
    """Open the database, creating the data folder if needed."""
    config.prepare_data_dir()
    return Database(config.database_url, pool=COMMAND)


def migrated_database(data_dir: Path | None) -> Database:
    """Open the database and bring its schema up to date."""
    database = open_database(read_config(data_dir=data_dir))
    schema.migrate(database)
    return database


def echo(line: str) -> None:
    """Print a line to standard output and flush."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
