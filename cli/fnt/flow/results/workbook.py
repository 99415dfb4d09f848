"""A workbook: its sentences, and a sheet of contents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from fnt.flow.results.chapters import iter_chapters
from fnt.flow.results.result_formats import Sentences
from fnt.wire.results import table_rows

_NOT_IN_XML = re.compile("[\ufffe\uffff\ud800-\udfff]")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Excel reads `_x0041_` in a cell as the letter A, and `_x005F_` as the underscore."""
_WIDTHS: Final = {
    "text": 60, "words": 8, "source": 80, "page": 8, "chapter": 30, "engine": 10,
    "paragraph": 11, "continues": 11, "kind": 14,
    "first page": 11, "last page": 11, "sentences": 11, "row": 8,
}  # fmt: skip
_WRAPPED: Final = {"text", "source", "chapter"}


def write(sentences: Sentences, target: Path, _title: str) -> None:
    """Write row by row, in constant memory; every text as a text cell."""
    from openpyxl import Workbook  # noqa: PLC0415 -- optional

    book = Workbook(write_only=True)
    with closing(book.create_sheet("sentences")) as sheet:
        _fill(sheet, table_rows(sentences()))
    with closing(book.create_sheet("contents")) as contents:
        _fill(contents, _contents(sentences))
    book.save(target)


def _contents(sentences: Sentences) -> Iterable[list[Any]]:
    yield ["chapter", "first page", "last page", "sentences", "row"]
    for chapter in iter_chapters(sentences()):
        row = chapter.first_sentence + 1  # below the header
        pages = [chapter.first_page, chapter.last_page]
        yield [chapter.heading or "", *pages, chapter.sentence_count, row]


def _fill(sheet: Any, rows: Iterable[list[Any]]) -> None:
    """Write the rows below a bold header that stays in sight and filters."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 -- optional
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415 -- optional
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 -- optional

    bold = Font(bold=True)
    top, wrapped = Alignment(vertical="top"), Alignment(vertical="top", wrap_text=True)

    def cell(value: Any, name: str) -> Any:
        is_text = isinstance(value, str)
        made = WriteOnlyCell(sheet, value=_safe(value) if is_text else value)
        made.alignment = wrapped if name in _WRAPPED else top
        if is_text:
            made.data_type = "s"  # otherwise "=1+1" would become a formula
            made.number_format = "@"
        return made

    rows = iter(rows)
    names = next(rows)
    letters = [get_column_letter(number) for number in range(1, len(names) + 1)]
    for letter, name in zip(letters, names, strict=True):
        sheet.column_dimensions[letter].width = _WIDTHS[name]
    sheet.freeze_panes = "A2"
    header = [cell(name, "") for name in names]
    for made in header:
        made.font = bold
    sheet.append(header)
    count = 1
    for row in rows:
        sheet.append([cell(value, name) for value, name in zip(row, names, strict=True)])
        count += 1
    sheet.auto_filter.ref = f"A1:{letters[-1]}{count}"


def _safe(text: str) -> str:
    return _LOOKS_ESCAPED.sub("_x005F_", _NOT_IN_XML.sub("\ufffd", text))
