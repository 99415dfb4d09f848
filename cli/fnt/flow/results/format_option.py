"""The options `--format`, `--layout` and `--excel`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fnt.errors import UsageError
from fnt.flow.results.file_names import extension
from fnt.flow.results.result_formats import LOCAL_FORMATS, require_library
from fnt.wire.results import FORMATS

VARIANTS: Final[Mapping[str, str]] = {"paragraphs": "txt", "excel": "csv"}
"""Formats chosen by another option, and the format they take the place of."""
NAMED_FORMATS = tuple(name for name in (*FORMATS, *LOCAL_FORMATS) if name not in VARIANTS)


def formats(text: str, *, layout: str = "lines", excel: bool = False) -> tuple[str, ...]:
    """Parse `txt` or `txt,json`; raises UsageError."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    known = (*NAMED_FORMATS, *VARIANTS)  # a ledger names the variants too
    if not names or any(name not in known for name in names):
        raise UsageError(f"unknown format {text!r}", hint=f"formats: {', '.join(NAMED_FORMATS)}")
    if layout not in ("lines", "paragraphs"):
        raise UsageError(f"unknown layout {layout!r}", hint="layouts: lines, paragraphs")
    if layout == "paragraphs":
        names = _varied(names, "paragraphs", option="--layout")
    if excel:
        names = _varied(names, "excel", option="--excel")
    if len({extension(name) for name in names}) < len(names):
        raise UsageError(f"two of the formats {text} would be saved in the same file")
    for name in names:
        require_library(name)
    return names


def _varied(names: tuple[str, ...], variant: str, *, option: str) -> tuple[str, ...]:
    usual = VARIANTS[variant]
    if usual not in names:
        raise UsageError(f"{option} is for the format {usual}", hint=f"add -f {usual}")
    return tuple(variant if name == usual else name for name in names)
