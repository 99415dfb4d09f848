"""The exit code of a command or a process, and the line that says why it failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import typer
from sqlalchemy.exc import SQLAlchemyError
from typer.exceptions import TyperException

from fnt.usage_errors import describe
from fnt_server.auth.users import AccountError
from fnt_server.config.environment import ConfigError
from fnt_server.failure_reasons import known_reason


def exit_code_of(action: Callable[[], object]) -> int:
    """Run an action and return its exit code; what an administrator can mend is one line and 2."""
    try:
        code = action()
    except TyperException as error:
        message, hint = describe(error, program="fnt-server")
        sys.stderr.write(f"fnt-server: {message}\n  {hint}\n")
        return 2
    except (ConfigError, AccountError) as error:
        sys.stderr.write(f"fnt-server: {error}\n")
        return 2
    except SQLAlchemyError as error:
        if (reason := known_reason(error)) is None:
            raise
        sys.stderr.write(f"fnt-server: cannot use the database: {reason}\n")
        return 2
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BrokenPipeError:  # `fnt-server … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except typer.Abort:  # Ctrl-C at a question
        sys.stderr.write("\n")
        return 130
    return code if isinstance(code, int) else 0
