"""The exit code of a command or a process, and the line that says why it failed."""

from __future__ import annotations

import sys
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from fnt_server.auth.users import AccountError
from fnt_server.config.environment import ConfigError
from fnt_server.failure_reasons import known_reason


def exit_code_of(action: Callable[[], object]) -> int:
    """Run an action; what an administrator can mend is one line and exit code 2."""
    try:
        action()
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
    return 0
