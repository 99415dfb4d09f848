"""What commands have to do with the personal server if no server is named."""

from __future__ import annotations

from enum import Enum


class LocalUse(Enum):
    """What a command has to do with the personal server if no server is named."""

    NEVER = "never"  # it is about accounts, and there are none
    AGAIN = "again"  # it is used once it was set up, and started again on a terminal
    FIRST = "first"  # it is also set up, on a terminal
