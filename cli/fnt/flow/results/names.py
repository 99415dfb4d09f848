"""Names for result files: safe on any system."""

from __future__ import annotations

import re
import unicodedata

MAX_STEM_BYTES = 200
"""Leaves room in 255 for a job's number, the format and the name while it is written."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def result_name(original_filename: str, *, job_id: int | None, format: str) -> str:
    """Name a result after its book; what cannot be a file's name becomes `job-<id>`."""
    stem = safe_stem(original_filename)
    if stem is None:
        stem = "result" if job_id is None else f"job-{job_id}"
    return f"{stem}.{extension(format)}"


def extension(format: str) -> str:
    """Return what the name of a file in this format ends with."""
    return "apkg" if format == "anki" else format


def safe_stem(filename: str) -> str | None:
    """Make a file's name, less `.pdf`, safe on any system; None when nothing is left of it."""
    last = re.split(r"[/\\]", filename)[-1]
    stem = last[:-4] if last.lower().endswith(".pdf") else last
    visible = "".join(c for c in stem if unicodedata.category(c)[0] != "C")
    trimmed = _cut(_FORBIDDEN.sub("_", visible).strip(". ")).strip(". ")
    if not trimmed or _RESERVED.fullmatch(trimmed):
        return None
    return trimmed


def _cut(text: str) -> str:
    return text.encode("utf-8", "ignore")[:MAX_STEM_BYTES].decode("utf-8", "ignore")
