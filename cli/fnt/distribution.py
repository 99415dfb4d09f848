"""How this distribution is named and installed; `fnt` on PyPI is a different project."""

from __future__ import annotations

NAME = "french-novel-tool"
SERVER_MODULES = ("flask_socketio", "celery", "sqlalchemy", "gunicorn")
"""What the extra `server` installs and the server cannot do without."""
INSTALL_HINT = "in a clone of French Novel Tool, run: pip install '.[{extras}]'"


def install_hint(*extras: str) -> str:
    """Return the command that installs optional extras."""
    return INSTALL_HINT.format(extras=",".join(extras))
