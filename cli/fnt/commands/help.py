"""`fnt help TOPIC`."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Annotated

import typer

from fnt import __version__
from fnt.commands.help_topics import TOPICS
from fnt.context import AppContext
from fnt.errors import NotFoundError

if TYPE_CHECKING:
    from fnt.context import AppContext


def help_topic(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar=f"[{'|'.join(TOPICS)}]", help="Topic to show.")
    ] = None,
) -> None:
    """Show help on exit codes, environment, formats, events or troubleshooting.

    The help of a command too: fnt help upload.
    """
    context: AppContext = ctx.obj
    if topic is None:
        context.report.answer["help"] = {"topics": list(TOPICS)}
        for name, one in TOPICS.items():
            context.terminal.result(f"{name:15} {one.title}")
        return
    if topic not in TOPICS:
        root = ctx.find_root()
        command = root.command.get_command(root, topic)  # type: ignore[attr-defined]
        if command is not None:
            command.make_context(topic, ["--help"], parent=root)  # which ends here
        raise NotFoundError(
            f"unknown help topic {topic[:40]!r}", hint=f"fnt help {'|'.join(TOPICS)}, or fnt --help"
        )
    chosen = TOPICS[topic]
    rows = [dict(zip(chosen.head, row, strict=True)) for row in chosen.rows]
    context.report.answer["help"] = {"topic": topic, "rows": rows, "note": chosen.note or None}
    for line in chosen.lines():
        context.terminal.result(line)


def version(ctx: typer.Context) -> None:
    """Show the version."""
    context: AppContext = ctx.obj
    python = platform.python_version()
    context.report.answer["version"] = {"fnt": __version__, "python": python}
    context.terminal.result(f"fnt {__version__}")
