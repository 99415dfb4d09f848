"""The sections in which `--help` shows the options of a command.

Typer has sections (`rich_help_panel`) only in help drawn by Rich, whose import doubles the time.
"""

from __future__ import annotations

import re
from typing import Any, Final

CHOOSE_FILES: Final = "Choose files"
SENTENCES: Final = "Sentences"
RESULTS: Final = "Results"
LIVE_VIEW: Final = "Live view"
AUTOMATION: Final = "Automation"

RANGE = re.compile(r"(?:\s*\[|; )\d+<=x<=\d+(\])?")
"""What the library adds for a bounded number; our texts say it in words."""


def write_options(command: Any, ctx: Any, formatter: Any) -> None:
    """Write arguments and options under the headings that they name, `Options` last."""
    sections: dict[str, list[tuple[str, str]]] = {}
    last: list[tuple[str, str]] = []
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is None:
            continue
        if param.param_type_name == "argument":
            rows = sections.setdefault("Arguments", [])
        elif heading := getattr(param, "rich_help_panel", None):
            rows = sections.setdefault(heading, [])
        else:
            rows = last
        rows.append((record[0], _without_range(record[1])))
    for heading, rows in [*sections.items(), ("Options", last)]:
        if rows:
            with formatter.section(heading):
                formatter.write_dl(rows)


def _without_range(text: str) -> str:
    return RANGE.sub(lambda found: "]" if found[0].startswith(";") and found[1] else "", text)
