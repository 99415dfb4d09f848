"""File names of results, safe on any system."""

from __future__ import annotations

import re
import unicodedata

from fnt.flow.results.result_formats import LOCAL_FORMATS

MAX_STEM_BYTES = 200
"""Leaves room, within 255 bytes, for job number, format, and a temporary suffix."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def result_name(original_filename: str, *, job_id: int | None, format: str) -> str:
    """Return the file name of a result; `job-<id>` if the book's name cannot be used."""
    stem = safe_stem(original_filename)
    if stem is None:
        stem = "result" if job_id is None else f"job-{job_id}"
    return f"{stem}.{extension(format)}"


def extension(format: str) -> str:
    """Return the file name extension of a format."""
    local = LOCAL_FORMATS.get(format)
    return local.extension if local else format


def safe_stem(filename: str) -> str | None:
    """Return a file name without `.pdf`, made safe on any system; None if nothing is left."""
    last = re.split(r"[/\\]", filename)[-1]
    stem = last[:-4] if last.lower().endswith(".pdf") else last
    visible = "".join(c for c in stem if unicodedata.category(c)[0] != "C")
    trimmed = _cut(_FORBIDDEN.sub("_", visible).strip(". ")).strip(". ")
    if not trimmed or _RESERVED.fullmatch(trimmed):
        return None
    return trimmed


def _cut(text: str) -> str:
    return text.encode("utf-8", "ignore")[:MAX_STEM_BYTES].decode("utf-8", "ignore")
