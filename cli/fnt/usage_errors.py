"""Command lines that are wrong, answered in one line with what may be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

from typer.exceptions import TyperException

NUMBERS = {"int": "a valid integer", "float": "a valid number"}


class CommandLineError(TyperException):
    """A mistake that Typer does not find; `ctx` is the context of the command."""

    exit_code = 2

    def __init__(self, message: str, *, ctx: Any) -> None:
        super().__init__(message)
        self.ctx = ctx


def describe(error: TyperException, *, program: str) -> tuple[str, str]:
    """Return the message for an error of Typer or ours, and the command that helps."""
    context = getattr(error, "ctx", None)
    return _message(error), f"{context.command_path if context else program} --help"


@contextmanager
def parsing(params: Iterable[Any], args: Sequence[str], *, ctx: Any) -> Iterator[None]:
    """Parse the arguments of a command within it: its errors say which command that is.

    Raises CommandLineError for a long option with a single dash.
    """
    _refuse_single_dash(params, args, ctx=ctx)
    try:
        yield
    except TyperException as error:
        error.ctx = getattr(error, "ctx", None) or ctx  # type: ignore[attr-defined]
        raise


def _refuse_single_dash(params: Iterable[Any], args: Sequence[str], *, ctx: Any) -> None:
    """Refuse what would be read as short options: `-words 8` as `--watch --output rds`."""
    known = {"--help"}.union(*(param.opts for param in params))
    for word in takewhile(lambda word: word != "--", args):
        name, _, _ = word.partition("=")
        if re.fullmatch(r"-[a-z][a-z-]+", name) and f"-{name}" in known:
            raise CommandLineError(f"unknown option {name}: did you mean -{name}?", ctx=ctx)


def _message(error: TyperException) -> str:
    if hasattr(error, "possibilities"):  # of options alone
        meant = f": did you mean {error.possibilities[0]}?" if error.possibilities else ""
        return f"unknown option {getattr(error, 'option_name', '')}{meant}"
    if isinstance(error, CommandLineError):
        return error.message
    message = error.format_message().rstrip(".")
    message = re.sub(r"a valid (int|float) range", lambda found: NUMBERS[found[1]], message)
    return message[:1].lower() + message[1:]
