"""Single options and arguments that several commands share; see also the other `*_options`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fnt.commands.help_sections import AUTOMATION, LIVE_VIEW
from fnt.patience import GIVE_UP_S

FailFastOption = Annotated[
    bool,
    typer.Option(
        "--fail-fast",
        help="Stop at the first failure; running jobs keep running.",
        rich_help_panel=AUTOMATION,
    ),
]
LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help="Ledger file.", rich_help_panel=AUTOMATION),
]
LastSourceArgument = Annotated[
    str | None,
    typer.Argument(metavar="[MANIFEST|DIR|-]", help="Manifest or folder given to batch run."),
]
JobsArgument = Annotated[
    list[str], typer.Argument(metavar="JOB...", help="Job numbers, ranges like 12-40, or @latest.")
]
GIVE_UP = f"{GIVE_UP_S / 60:.0f}m"
GiveUpOption = Annotated[
    str,
    typer.Option(
        "--give-up",
        metavar="DUR",
        help="Stop sending, watching or saving after this long without contact; 0 waits forever.",
        rich_help_panel=LIVE_VIEW,
    ),
]
