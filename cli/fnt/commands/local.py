"""`fnt local status|stop|logs`: the personal server."""

from __future__ import annotations

from typing import Annotated

import typer

from fnt.context import AppContext
from fnt.errors import UsageError
from fnt.local_server.process import log_tail
from fnt.local_server.server import LocalServer


def status(ctx: typer.Context) -> None:
    """Show whether the personal server is running, and where."""
    context: AppContext = ctx.obj
    local = _local(context)
    state = local.running()
    word = "stopped" if state is None else "running" if state.url else "starting"
    answer = {
        "status": word,
        "url": (state and state.url) or None,
        "pid": (state and state.pid) or None,
        "version": (state and state.version) or None,
        "folder": str(local.folder.path),
        "idle_s": (state and state.idle_s) or None,
    }
    context.report.answer["local_status"] = answer
    for name, value in answer.items():
        if value is not None and name != "idle_s":
            context.terminal.result(f"{name:8} {value}")
    if state is not None and state.idle_s:
        context.terminal.result(f"ends     after {_length(state.idle_s)} without use")


def stop(ctx: typer.Context) -> None:
    """Stop the personal server; unfinished jobs resume at the next start."""
    context: AppContext = ctx.obj
    local = _local(context)
    was_running = local.stop()
    context.report.answer["local_stop"] = {"was_running": was_running}
    words = "stopped" if was_running else "was not running"
    context.terminal.say(f"personal server {words}")
    if was_running and local.is_needed():
        context.terminal.say("  a command is still waiting for it: stop that with Ctrl-C, or")
        context.terminal.say("  start the server again with: fnt jobs list --server local")


def logs(
    ctx: typer.Context,
    *,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=1, help="Lines from the end.")
    ] = 100,
) -> None:
    """Show the end of the personal server's log."""
    context: AppContext = ctx.obj
    folder = _local(context).folder
    shown = log_tail(folder)[-lines:]
    context.report.answer["local_logs"] = {"file": str(folder.log), "lines": shown}
    for line in shown:
        context.terminal.result(line)
    if not shown:
        context.terminal.say("no log: no personal server was started")


def _length(seconds: int) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds} s"


def _local(context: AppContext) -> LocalServer:
    local = context.find_local()
    if local is None:
        raise UsageError(
            "a personal server needs Linux or macOS", hint="name a server with --server URL"
        )
    return local
