"""The `--format` option."""

from __future__ import annotations

from fnt.errors import UsageError
from fnt.flow.results.result_formats import LIBRARIES, require_library
from fnt.wire.results import FORMATS

ALL_FORMATS = (*FORMATS, *LIBRARIES)


def formats(text: str) -> tuple[str, ...]:
    """Parse `txt` or `txt,json`; raises UsageError."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in ALL_FORMATS]
    if unknown or not names:
        raise UsageError(f"unknown format {text!r}", hint=f"formats: {', '.join(ALL_FORMATS)}")
    for name in names:
        require_library(name)
    return names
