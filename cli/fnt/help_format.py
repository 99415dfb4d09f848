"""Help with grouped options and commands, in color where supported.

Typer uses Rich for this, which doubles the time of `--help`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from fnt.color import ColorMode, wants_color
from fnt.usage_errors import parsing

_RANGE = re.compile(r"(?:\s*\[|; )(?:\d+<=)?x[<>]=\d+(\])?")
"""The range Typer appends to bounded numbers; our texts state it in words."""
_SECTION = re.compile(r"[A-Z][A-Za-z ]+:$")
_TITLE = re.compile(r"Usage:|  Examples:$")
_ENTRY = re.compile(r"  (?! )(.+?)(?=  |$)")
_OPTION = re.compile(r"(?<![\w-])--?[a-z][\w-]*", re.IGNORECASE)


class HelpCommand(TyperCommand):
    """A command with options grouped by their help panel."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments."""
        with parsing(self.params, args, ctx=ctx):
            return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help text, in color if stdout supports it."""
        return in_color(super().get_help(ctx), ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options by group."""
        write_options(self, ctx, formatter)


class HelpGroup(TyperGroup):
    """A group with commands under their headings."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments."""
        with parsing(self.params, args, ctx=ctx):
            return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return the help text, in color if stdout supports it."""
        return in_color(super().get_help(ctx), ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then the options."""
        groups: dict[str, list[tuple[str, str]]] = {}
        width = max(map(len, self.commands))
        for name, command in self.commands.items():
            heading = getattr(command, "rich_help_panel", None)
            rows = groups.setdefault(heading if isinstance(heading, str) else "Commands", [])
            line = " ".join((command.help or "").partition("\n\n")[0].split())
            rows.append((name.ljust(width), line))
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
        write_options(self, ctx, formatter)


def write_options(
    command: Any,
    ctx: Any,
    formatter: Any,
    *,
    order: Sequence[str] = (),
    last: Collection[str] = (),
    last_heading: str = "Options",
) -> None:
    """Write arguments, groups in this order, ungrouped options, then the last parameters."""
    groups: dict[str, list[tuple[str, str]]] = {
        heading: [] for heading in ("Arguments", *order, "Options", last_heading)
    }
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is None:
            continue
        heading = getattr(param, "rich_help_panel", None)
        if param.name in last:
            heading = last_heading
        elif param.param_type_name == "argument":
            heading = "Arguments"
        groups[heading if isinstance(heading, str) else "Options"].append(
            (record[0], _without_range(record[1]))
        )
    for heading, rows in groups.items():
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)


def in_color(text: str, ctx: Any, *, mode: ColorMode = ColorMode.AUTO) -> str:
    """Return the help text, in color if stdout supports it, and let click print the codes."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    ctx.color = wants_color(mode, os.environ, is_terminal=is_terminal)
    return "\n".join(_colored_lines(text)) if ctx.color else text


def _colored_lines(text: str) -> Iterator[str]:
    in_section = False
    for line in text.split("\n"):
        in_section = in_section or _SECTION.match(line) is not None
        if heading := _SECTION.match(line) or _TITLE.match(line):
            yield typer.style(heading[0], fg="green", bold=True) + line[heading.end() :]
        elif in_section and (entry := _ENTRY.match(line)):
            yield f"  {_colored_names(entry[1])}{line[entry.end() :]}"
        else:
            yield line


def _colored_names(text: str) -> str:
    if text.startswith("-"):
        return _OPTION.sub(lambda found: typer.style(found[0], fg="cyan", bold=True), text)
    return text if " " in text else typer.style(text, fg="cyan", bold=True)


def _without_range(text: str) -> str:
    return _RANGE.sub(lambda found: "]" if found[0].startswith(";") and found[1] else "", text)
