"""Entry point of `fnt`; prints errors and determines the exit code."""

from __future__ import annotations

import sys

from fnt import __version__

TYPE_CHECKING = False  # instead of importing typing, which takes as long as starting Python
if TYPE_CHECKING:
    from fnt.context import AppContext
    from fnt.errors import FntError
    from fnt.pdf_look.warm_child import WarmChild

LOOKS_AT_PDFS = frozenset({"upload", "check", "run"})
"""Words of commands that look at PDFs."""
FEW_COLLECTIONS = 50_000
"""New objects between two collections: imports make no garbage, and collecting costs 4 %."""

# --version needs only the imports above, which take 1 ms. The rest takes 60 ms or more.
# ruff: noqa: PLC0415


def main() -> None:
    """Run this process's command line and exit."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.exit(_print_version())
    try:
        sys.exit(_complete() if sys.argv[1:2] == ["__jobs"] else _run_process())
    except (KeyboardInterrupt, RuntimeError) as error:  # during the imports: nothing was done yet
        from fnt.interrupts import Terminated, interrupt_behind

        stop = interrupt_behind(error)
        if stop is None:
            raise
        sys.exit(stop.exit_code if isinstance(stop, Terminated) else 130)


def _complete() -> int:
    from fnt.commands.complete_job_ids import print_jobs

    return print_jobs()


def _print_version() -> int:
    """Print the version and check that it was written; Python would only report it at exit."""
    if sys.stdout is None:
        return 141
    try:
        sys.stdout.write(f"fnt {__version__}\n")
        sys.stdout.flush()
    except OSError as error:
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 141
        sys.stderr.write(f"error: cannot write the result: {error.strerror}\n")
        return 2
    return 0


def _run_process() -> int:
    from fnt.interrupts import exit_at_once, handle_termination

    handle_termination()  # first, because the imports below take 60 ms
    import gc

    gc.set_threshold(FEW_COLLECTIONS)
    child = _early_child(sys.argv[1:])  # it starts while this process imports
    import os
    from pathlib import Path

    from fnt.context import AppContext

    try:
        cwd = Path.cwd()
    except FileNotFoundError:  # removed folder; some commands still work
        cwd = Path(os.sep)
    context = AppContext.of_process(os.environ, cwd, early_child=child)
    code = run(sys.argv[1:], context)
    if child is not None:
        child.close()
    context.terminal.close()
    exit_at_once(code)
    return code


def _early_child(argv: list[str]) -> WarmChild | None:
    """Start what looks at PDFs if the command seems to need it: a wrong guess changes nothing."""
    if LOOKS_AT_PDFS.isdisjoint(argv) or not {"-h", "--help"}.isdisjoint(argv):
        return None
    from fnt.pdf_look.warm_child import WarmChild

    child = WarmChild()
    child.start()
    books = (word for word in argv if word.lower().endswith(".pdf"))
    if "upload" in argv and (book := next(books, None)):
        child.look_ahead(book)
    return child


def run(argv: list[str], context: AppContext) -> int:
    """Run a command line, report its error, and return the exit code."""
    from fnt.errors import BY_SIGNAL, ExitCode, FntError
    from fnt.output.output_mode import OutputMode

    if asks(argv, "--json"):
        context.report.format = OutputMode.JSON
    elif asks(argv, "--jsonl"):
        context.report.format = OutputMode.JSONL
    try:
        code, error = _outcome(argv, context)
        if error is not None and code not in BY_SIGNAL:
            _tell(error, context, verbose=asks(argv, "--debug"))
        if code is not None:
            code = context.report.write(context.terminal, exit_code=code, error=error)
    except BrokenPipeError:
        context.report.record(context.terminal, exit_code=ExitCode.PIPE_CLOSED)
        return ExitCode.PIPE_CLOSED
    except FntError as failure:  # no document, e.g. because the disk is full, but an error message
        context.terminal.say_error(f"error: {failure.message}")
        return failure.exit_code
    return code or ExitCode.OK


def asks(argv: list[str], option: str) -> bool:
    """Return whether an option was given, even if the command line is invalid."""
    return option in (argv[: argv.index("--")] if "--" in argv else argv)


def _outcome(argv: list[str], context: AppContext) -> tuple[int | None, FntError | None]:
    """Return the exit code, or None if help was shown, and the error."""
    import typer
    from typer.exceptions import TyperException

    from fnt.errors import ExitCode, FntError, UsageError
    from fnt.interrupts import Terminated, interrupts_kept
    from fnt.usage_errors import describe

    try:
        with interrupts_kept():
            _invoke(argv, context)
    except typer.Exit:
        if context.terminal.out_is_closed:
            raise BrokenPipeError from None
        return None, None
    except TyperException as error:  # public base class of click's usage errors
        message, hint = describe(error, program="fnt")
        return ExitCode.USAGE, UsageError(message, hint=hint)
    except FntError as error:
        return error.exit_code, error
    except Terminated as stop:
        return stop.exit_code, FntError("terminated", code="TERMINATED")
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED, FntError("interrupted", code="INTERRUPTED")
    except BrokenPipeError:
        raise
    except Exception as error:
        told = _bug(error, context)
        return told.exit_code, told
    return ExitCode.OK, None


def _invoke(argv: list[str], context: AppContext) -> None:
    import typer

    from fnt.app import app

    command = typer.main.get_command(app)
    with command.make_context("fnt", list(argv), obj=context) as ctx:
        command.invoke(ctx)


def _bug(error: Exception, context: AppContext) -> FntError:
    import errno
    import traceback

    from fnt.errors import FntError, UsageError

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):  # help was cut off
        return UsageError(f"cannot write the result: {error.strerror}")
    for line in "".join(traceback.format_exception(error)).splitlines():
        context.terminal.say_error(line)
    return FntError(f"this is a bug in fnt: {type(error).__name__}")


def _tell(error: FntError, context: AppContext, *, verbose: bool) -> None:
    import traceback

    if verbose and error.__traceback__ is not None:
        for line in "".join(traceback.format_exception(error)).splitlines():
            context.terminal.say_error(line)
    if not error.is_told:
        context.terminal.say_error(f"error: {error.message}")
        if error.hint:
            context.terminal.say_error(f"  {error.hint}")
    if error.request_id and verbose:
        context.terminal.say_error(f"  request id: {error.request_id}")


if __name__ == "__main__":
    main()
