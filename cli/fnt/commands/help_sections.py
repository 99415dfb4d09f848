"""Groups of options in `--help`, in order."""

from __future__ import annotations

from typing import Any, Final

from fnt.color import ColorMode
from fnt.commands.global_options import FLAGS, NAMES
from fnt.help_format import in_color, write_options

CHOOSE_FILES: Final = "Choose files"
SENTENCES: Final = "Sentences"
RESULTS: Final = "Results"
LIVE_VIEW: Final = "Live view"
AUTOMATION: Final = "Automation"
ORDER: Final = (CHOOSE_FILES, SENTENCES, RESULTS, LIVE_VIEW, AUTOMATION)


def write_grouped_options(command: Any, ctx: Any, formatter: Any) -> None:
    """Write a command's options by group, then the global options."""
    write_options(
        command,
        ctx,
        formatter,
        order=ORDER,
        last=NAMES | {"help", "version"},
        last_heading="Global options",
    )


def with_color(text: str, ctx: Any) -> str:
    """Return the help text, in color if stdout or `--color` calls for it."""
    word = ctx.params.get("color") or ctx.meta.get(FLAGS, {}).get("color")
    mode = ColorMode(word) if word in set(ColorMode) else ColorMode.AUTO
    return in_color(text, ctx, mode=mode)
