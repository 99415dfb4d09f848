"""Groups and commands that are imported when invoked.

Typer keeps its copy of click private, so contexts are typed `Any` here.
"""

from __future__ import annotations

import importlib
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

from fnt.commands.global_options import FLAGS, global_params, take_flags
from fnt.commands.help_sections import with_color, write_grouped_options
from fnt.context import AppContext, GlobalOptions
from fnt.errors import UsageError
from fnt.usage_errors import parsing

HELP_OPTIONS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _WithGlobalOptions:
    """What commands and groups share: the global options, and answers to options misspelled."""

    def __init__(self, *args: Any, **attrs: Any) -> None:
        super().__init__(*args, **attrs)
        self.params: list[Any] = [*self.params, *global_params()]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments and collect the global options."""
        with parsing(self.params, args, ctx=ctx):
            rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc]
        take_flags(ctx)
        return rest

    def get_help(self, ctx: Any) -> str:
        """Return the help text, in color if wanted."""
        return with_color(super().get_help(ctx), ctx)  # type: ignore[misc]


class Command(_WithGlobalOptions, TyperCommand):
    """A command that accepts the global options and runs in the context they configure."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options by group."""
        write_grouped_options(self, ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run with the configured context."""
        context = ctx.obj or AppContext.of_process(os.environ, Path.cwd())
        ctx.obj = context.configured(GlobalOptions.of_flags(ctx.meta[FLAGS]))
        ctx.obj.report.command = ctx.command_path.partition(" ")[2]
        try:
            return super().invoke(ctx)
        finally:
            ctx.obj.remember_jobs()


class LazyGroup(_WithGlobalOptions, TyperGroup):
    """A group with a table of commands: name -> (module:function or group, description)."""

    table: ClassVar[Mapping[str, tuple[str | type[LazyGroup], str]]] = {}

    sections: ClassVar[Mapping[str, str]] = {}
    """Heading -> command names, separated by spaces. If empty, one heading for all."""

    for_files: ClassVar[str] = ""
    """The command that is meant if a file stands in its place."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; show help if there are none."""
        if not args and {"json", "jsonl"} & ctx.meta.get(FLAGS, {}).keys():
            raise UsageError(f"{ctx.command_path} needs a command", hint=f"{ctx.command_path} -h")
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command, or suggest the closest name."""
        if args[0] not in self.table:
            words = f"unknown command {args[0][:40]!r}"
            if meant := [f"{ctx.command_path} {line}" for line in self._meant(args)]:
                raise UsageError(words, hint="did you mean: " + " or ".join(meant))
            import difflib  # noqa: PLC0415 -- only needed for typos

            if close := difflib.get_close_matches(args[0], self.table, n=1):
                words += f": did you mean {close[0]}?"
            raise UsageError(words, hint=f"{ctx.command_path} --help")
        return super().resolve_command(ctx, args)

    def _meant(self, args: list[str]) -> list[str]:
        """Return what may be meant by a file, or by a command without its group."""
        word = args[0]
        if self.for_files and (word.lower().endswith(".pdf") or os.path.lexists(word)):
            return [shlex.join([self.for_files, *args])]
        groups = [(name, target) for name, (target, _) in self.table.items()]
        return [
            f"{name} {word}"
            for name, group in groups
            if not isinstance(group, str) and word in group.table
        ]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- a fixed table
        """Return the command names in table order."""
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 -- as above
        """Load and return a command, or None."""
        if cmd_name not in self.table:
            return None
        target, line = self.table[cmd_name]
        if isinstance(target, str):
            return load_command(cmd_name, target)
        return target(
            name=cmd_name,
            help=line,
            context_settings=dict(HELP_OPTIONS),
            rich_markup_mode=None,
        )

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        write_grouped_options(self, ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- as above
        """Write the table of commands without importing them."""
        width = max(map(len, self.table))
        for heading, names in (self.sections or {"Commands": " ".join(self.table)}).items():
            with formatter.section(heading):
                formatter.write_dl([(n.ljust(width), self.table[n][1]) for n in names.split()])


def load_command(name: str, target: str) -> Any:
    """Import `module:function` and return it as a command whose help is its docstring."""
    module, _, function = target.partition(":")
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, cls=Command, context_settings=dict(HELP_OPTIONS))(
        getattr(importlib.import_module(module), function)
    )
    return typer.main.get_command(single)
