"""The command `fnt`: the one place that prints errors and decides the exit code."""

from __future__ import annotations

import sys

from fnt import __version__

TYPE_CHECKING = False  # importing typing for it would take as long as Python takes to start
if TYPE_CHECKING:
    from typer.exceptions import TyperException

    from fnt.context import AppContext
    from fnt.errors import FntError

# Only --version is answered with what is imported above: 1 ms. The rest takes 60 and more.
# ruff: noqa: PLC0415


def main() -> None:
    """Run the command line of this process and exit."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.exit(_print_version())
    try:
        sys.exit(_run_jobs() if sys.argv[1:2] == ["__jobs"] else _run_process())
    except KeyboardInterrupt as stop:  # while it was still importing: nothing has begun
        from fnt.interrupts import Terminated

        sys.exit(143 if isinstance(stop, Terminated) else 130)


def _print_version() -> int:
    """Print it and see that it arrived: Python itself would only complain at exit."""
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
        return 1
    return 0


def _run_jobs() -> int:
    """Print the jobs known here, for the shell's completion: no network, and no word on trouble."""
    import os
    from pathlib import Path

    from fnt.config.job_cache import recall
    from fnt.config.settings import load_settings

    try:
        settings = load_settings(flags={}, environ=os.environ, cwd=Path.cwd())
        for number, words in recall(settings.config_dir, settings.server):
            # ascii() makes them as harmless as clean(), which would take 3 ms to load
            sys.stdout.write(f"{number}\t{words if words.isprintable() else ascii(words)[1:-1]}\n")
    except Exception:  # a line of words would end up in what is being typed
        return 1
    return 0


def _run_process() -> int:
    from fnt.interrupts import exit_on_second_interrupt, handle_sigterm

    handle_sigterm()  # first: what follows takes 60 ms
    import os
    from pathlib import Path

    from fnt.context import AppContext
    from fnt.errors import ExitCode

    try:
        cwd = Path.cwd()
    except FileNotFoundError:  # removed under us: what needs no file still works
        cwd = Path(os.sep)
    context = AppContext.of_process(os.environ, cwd)
    code = run(sys.argv[1:], context)
    context.terminal.close()
    if code == ExitCode.INTERRUPTED:
        exit_on_second_interrupt()
    return code


def run(argv: list[str], context: AppContext) -> int:
    """Run a command line; return its exit code after telling what went wrong."""
    from fnt.errors import ExitCode, FntError
    from fnt.output.output_format import OutputFormat

    if asks(argv, "--json"):
        context.report.format = OutputFormat.JSON
    elif asks(argv, "--jsonl"):
        context.report.format = OutputFormat.JSONL
    try:
        code, error = _outcome(argv, context)
        if error is not None and code not in (ExitCode.INTERRUPTED, ExitCode.TERMINATED):
            _tell(error, context, verbose=asks(argv, "--debug"))
        if code is not None:
            code = context.report.write(context.terminal, exit_code=code, error=error)
    except BrokenPipeError:
        context.report.record(context.terminal, exit_code=ExitCode.PIPE_CLOSED)
        return ExitCode.PIPE_CLOSED
    except FntError as failure:  # the disk is full: there is no document, but there is a reason
        context.terminal.say_error(f"error: {failure.message}")
        return failure.exit_code
    return code or ExitCode.OK


def asks(argv: list[str], option: str) -> bool:
    """Whether an option was given, asked where the command line may be wrong otherwise."""
    return option in (argv[: argv.index("--")] if "--" in argv else argv)


def _outcome(argv: list[str], context: AppContext) -> tuple[int | None, FntError | None]:
    """Return exit code and error; no exit code where help was shown instead of a run."""
    import typer
    from typer.exceptions import TyperException

    from fnt.errors import ExitCode, FntError, UsageError
    from fnt.interrupts import Terminated

    try:
        _invoke(argv, context)
    except typer.Exit:
        if context.terminal.out_is_closed:
            raise BrokenPipeError from None
        return None, None
    except TyperException as error:  # click's usage errors, by their public base
        at = getattr(error, "ctx", None)
        hint = f"{at.command_path if at else 'fnt'} --help"
        return ExitCode.USAGE, UsageError(_usage_message(error), hint=hint)
    except FntError as error:
        return error.exit_code, error
    except Terminated:
        return ExitCode.TERMINATED, FntError("terminated", code="TERMINATED")
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED, FntError("interrupted", code="INTERRUPTED")
    except BrokenPipeError:
        raise
    except Exception as error:
        return ExitCode.BUG, _bug(error, context)
    return ExitCode.OK, None


def _usage_message(error: TyperException) -> str:
    """Return what is wrong with the command line, in the words of our other errors."""
    message = error.format_message().rstrip(".").replace("a valid int range", "a valid integer")
    if option := getattr(error, "option_name", None):
        close = getattr(error, "possibilities", None)
        return f"unknown option {option}" + (f": did you mean {close[0]}?" if close else "")
    return message[:1].lower() + message[1:]


def _invoke(argv: list[str], context: AppContext) -> None:
    import typer

    from fnt.app import app

    command = typer.main.get_command(app)
    with command.make_context("fnt", list(argv), obj=context) as ctx:
        command.invoke(ctx)


def _bug(error: Exception, context: AppContext) -> FntError:
    import errno
    import traceback

    from fnt.errors import FntError

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):  # help, half told
        return FntError(f"cannot write the result: {error.strerror}")
    for line in "".join(traceback.format_exception(error)).splitlines():
        context.terminal.say_error(line)
    return FntError(f"this is a bug in fnt: {type(error).__name__}")


def _tell(error: FntError, context: AppContext, *, verbose: bool) -> None:
    import traceback

    if verbose and error.__traceback__ is not None:
        for line in "".join(traceback.format_exception(error)).splitlines():
            context.terminal.say_error(line)
    context.terminal.say_error(f"error: {error.message}")
    if error.hint:
        context.terminal.say_error(f"  {error.hint}")
    if error.request_id and verbose:
        context.terminal.say_error(f"  request id: {error.request_id}")


if __name__ == "__main__":
    main()
