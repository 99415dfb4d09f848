"""The command line as it was typed, for hints that repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fnt.context import AppContext


def typed_line(ctx: Any, context: AppContext, *more: str) -> str:
    """Return the command line of a run, without display options but with `more` options."""
    arguments, options = list[str](), list[str]()
    for param in ctx.command.params:
        if param.name in ctx.params and was_typed(ctx, param.name):
            value = ctx.params[param.name]
            words = arguments if param.param_type_name == "argument" else options
            for one in value if isinstance(value, list | tuple) else [value]:
                words += _words(param, one)
    options += [*given_settings(context), *more]
    if any(word.startswith("-") and word != "-" for word in arguments):
        arguments, options = options, ["--", *arguments]
    return shlex.join(["fnt", *ctx.command_path.split()[1:], *arguments, *options])


def was_typed(ctx: Any, name: str) -> bool:
    """Return whether an option or argument was given on the command line."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _words(param: Any, value: Any) -> Iterator[str]:
    if param.param_type_name == "argument":
        yield str(value)
        return
    names = param.opts if value is not False else param.secondary_opts
    name = max(names, key=len)
    if isinstance(value, bool):
        yield name
    else:
        text = str(value.value if isinstance(value, Enum) else value)
        yield from (f"{name}={text}",) if text.startswith("-") else (name, text)


def given_settings(context: AppContext) -> list[str]:
    """Return the options that select the same server."""
    flags: dict[str, Any] = dict(context.options.settings)
    named = {"server": "--server", "profile": "--profile", "ca_file": "--ca-file"}
    words = [word for name in named if name in flags for word in (named[name], str(flags[name]))]
    return words + (["--insecure-http"] if flags.get("insecure_http") else [])
