"""The job ids that shells complete; `fnt __jobs` prints them, past the command line's own start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fnt.config.job_cache import recall
from fnt.config.settings import load_settings
from fnt.wire.local_server import NAME as LOCAL


def print_jobs() -> int:
    """Print the cached jobs, without network access or error messages; return the exit code."""
    try:
        settings = load_settings(flags={}, environ=os.environ, cwd=Path.cwd())
        jobs = recall(settings.config_dir, settings.server)
        if settings.is_default_server and not settings.no_local:
            jobs = jobs or recall(settings.config_dir, LOCAL)
        for number, words in jobs:
            # ascii() is as safe as clean(), which takes 3 ms to import
            sys.stdout.write(f"{number}\t{words if words.isprintable() else ascii(words)[1:-1]}\n")
    except Exception:  # an error message would be inserted into the command line being typed
        return 1
    return 0
