"""`fnt version`."""

from __future__ import annotations

import platform

import typer

from fnt import __version__
from fnt.context import AppContext


def version(ctx: typer.Context) -> None:
    """Show the version."""
    context: AppContext = ctx.obj
    python = platform.python_version()
    context.report.answer["version"] = {"fnt": __version__, "python": python}
    context.terminal.result(f"fnt {__version__}")
