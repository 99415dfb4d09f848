"""Opening pages in the user's browser."""

from __future__ import annotations

import sys
from collections.abc import Mapping


def has_browser(environ: Mapping[str, str], *, platform: str = sys.platform) -> bool:
    """Return whether a browser opened here is visible: not over SSH or without a display."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    has_display = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return platform in ("darwin", "win32") or has_display


def open_browser(url: str) -> None:
    """Open an http or https page; failures are ignored, since the address is shown anyway.

    Runs in a separate process, because some browsers write to the terminal and some never exit.
    """
    if not url.startswith(("http://", "https://")):
        return
    import subprocess  # noqa: PLC0415 -- would slow down every command

    nothing = subprocess.DEVNULL
    try:
        subprocess.Popen(
            [sys.executable, "-m", "webbrowser", "-t", url],
            stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True,
        )  # fmt: skip
    except OSError:
        return
