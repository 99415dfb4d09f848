"""Global options, accepted before and after any command."""

from __future__ import annotations

import copy
from typing import Annotated, Any

import typer

FLAGS = "fnt.flags"
"""Key in a Typer context's `meta` for the flags collected so far."""


def _global_options(  # noqa: PLR0913 -- a declaration, never called
    *,
    server: Annotated[
        str | None, typer.Option("--server", metavar="URL", help="Server URL, or local.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="Profile to use.")
    ] = None,
    no_local: Annotated[
        bool | None,
        typer.Option("--no-local", help="Do not start or use a personal server automatically."),
    ] = None,
    json: Annotated[
        bool | None, typer.Option("--json", help="Print one JSON document at the end.")
    ] = None,
    jsonl: Annotated[
        bool | None, typer.Option("--jsonl", help="Stream events to stdout as JSON Lines.")
    ] = None,
    plain: Annotated[
        bool | None,
        typer.Option("--plain", help="Plain lines instead of the live view and tables."),
    ] = None,
    quiet: Annotated[
        bool | None, typer.Option("--quiet", "-q", help="Results and errors only.")
    ] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, show_default=False, help="Verbose output.")
    ] = 0,
    debug: Annotated[
        bool | None, typer.Option("--debug", help="Debug output, with tracebacks.")
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(
            "--color", metavar="auto|always|never", is_eager=True, help="When to use color."
        ),
    ] = None,
    no_progress: Annotated[
        bool | None, typer.Option("--no-progress", help="Show only how each job ended.")
    ] = None,
    no_input: Annotated[bool | None, typer.Option("--no-input", help="Never prompt.")] = None,
    yes: Annotated[
        bool | None, typer.Option("--yes", "-y", help="Answer yes to all prompts.")
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="DUR", help="Stop after this long: 20s, 5m, 2h, 1d."),
    ] = None,
    ca_file: Annotated[
        str | None,
        typer.Option(
            "--ca-file", metavar="FILE", help="Certificates to trust in place of the system's."
        ),
    ] = None,
    insecure_http: Annotated[
        bool | None, typer.Option("--insecure-http", help="Allow http:// to other machines.")
    ] = None,
) -> None:
    """Declare the options; Typer reads the signature."""


def global_params() -> list[Any]:
    """Return the global options as parameters for a command."""
    declaration = typer.Typer(add_completion=False, rich_markup_mode=None)
    declaration.command()(_global_options)
    return [copy.copy(param) for param in typer.main.get_command(declaration).params]


NAMES = frozenset(_global_options.__annotations__) - {"return"}


def take_flags(ctx: Any) -> None:
    """Move the given global options from a command's parameters to the flags."""
    flags = ctx.meta.setdefault(FLAGS, {})
    for name in NAMES:
        value = ctx.params.pop(name, None)
        if value:
            flags[name] = value
