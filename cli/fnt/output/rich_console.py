"""Rich consoles that take text literally."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from rich.console import Console


def make_console(
    stream: TextIO,
    *,
    size: tuple[int, int] | None,
    has_color: bool,
    can_animate: bool,
    environ: Mapping[str, str],
) -> Console:
    """Return a console for a stream, of the size of its terminal unless another is given."""
    width, height = size or (None, None)
    return Console(
        file=stream,
        width=width,
        height=height,
        force_terminal=stream.isatty(),
        force_interactive=can_animate,
        color_system="auto" if has_color else None,
        markup=False,
        emoji=False,
        highlight=False,
        _environ=environ,
    )
