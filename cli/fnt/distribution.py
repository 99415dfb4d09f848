"""How this distribution is named and installed; `fnt` on PyPI is a different project."""

from __future__ import annotations

import shlex
from pathlib import Path

NAME = "french-novel-tool"
SERVER_MODULES = ("flask_socketio", "celery", "sqlalchemy", "gunicorn")
"""What the extra `server` installs and the server cannot do without."""
INSTALL_HINT = "{where}run: pip install {what}"


def install_hint(*extras: str) -> str:
    """Return the command that installs optional extras, from the wheel in use or from a clone."""
    wheel = _installed_wheel()
    return INSTALL_HINT.format(
        where="" if wheel else "in a clone of French Novel Tool, ",
        what=shlex.quote(f"{wheel or '.'}[{','.join(extras)}]"),
    )


def _installed_wheel() -> Path | None:
    """Return the wheel this was installed from (PEP 610), if it is still there."""
    import json  # noqa: PLC0415 -- with the next, 30 ms that only a hint needs
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415

    try:
        origin = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return None
    path = Path(unquote(urlsplit(str(origin.get("url"))).path))
    return path if path.suffix == ".whl" and path.is_file() else None
