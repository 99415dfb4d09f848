"""The user's browser, where there is one in front of them."""

from __future__ import annotations

import sys
from collections.abc import Mapping


def has_browser(environ: Mapping[str, str], *, platform: str = sys.platform) -> bool:
    """Whether a browser opened here would be seen: not over SSH, not without a display."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return False
    has_display = bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
    return platform in ("darwin", "win32") or has_display


def open_browser(url: str) -> None:
    """Open a page of http or https; nothing is said when that fails, the address is shown anyway.

    In a process of its own: some browsers write on the terminal, and some never come back.
    """
    if not url.startswith(("http://", "https://")):
        return
    import subprocess  # noqa: PLC0415 -- every command would wait for it

    nothing = subprocess.DEVNULL
    try:
        subprocess.Popen(
            [sys.executable, "-m", "webbrowser", "-t", url],
            stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True,
        )  # fmt: skip
    except OSError:
        return
