"""A table that Excel opens by a double click where the decimal separator is a comma."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from fnt.flow.results.result_formats import Sentences
from fnt.wire.results import table_rows

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Excel takes text that begins so for a formula."""


def write(sentences: Sentences, target: Path, _title: str) -> None:
    """Write the columns of `csv` with semicolons, after a byte order mark.

    Text that would be a formula begins with a space.
    """
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_NONNUMERIC)
        for row in table_rows(sentences()):
            writer.writerow([_as_text(value) for value in row])


def _as_text(value: Any) -> Any:
    return f" {value}" if isinstance(value, str) and value.startswith(FORMULA) else value
