"""Whether this process is in the foreground of a terminal."""

from __future__ import annotations

import os
from typing import TextIO


def in_foreground(stream: TextIO) -> bool:
    """Return whether this process may use a terminal: no shell has put it into the background.

    True as well for a stream that is no terminal, or not the one that controls this process.
    """
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # AttributeError: Windows
        return True
