"""Tables for a terminal. Elsewhere each item is one plain line, which scripts may rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, Group
from rich.text import Text

from fnt.output.terminal import Terminal
from fnt.output.theme import DONE, FAILED, GAP, SECONDARY, TROUBLE, Glyphs, fitted, glyphs_of

MARKS: Mapping[str, tuple[str, str]] = {
    "ok": ("done", DONE),
    "done": ("done", DONE),
    "warning": ("warning", TROUBLE),
    "not checked": ("warning", TROUBLE),
    **dict.fromkeys(("refused", "failed", "changed", "unsaved"), ("failed", FAILED)),
    "cancelled": ("cancelled", ""),
}
"""The glyphs and styles of words."""
MIN_NAME = 12
NOTE_LINES = 2
"""Lines that notes may take beside their rows; where they need more they stand below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    title: str = ""
    is_name: bool = False
    """Whether its cells are shortened where the window is too narrow."""
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row: a cell for each column, and what else there is to say."""

    cells: Sequence[str | Text]
    note: str = ""
    word: str | None = None
    """The word whose mark stands before the row, in a table with marks."""


def print_table(terminal: Terminal, columns: Sequence[Column], rows: Sequence[TableRow]) -> None:
    """Print rows below the titles of their columns, leaving out columns that are empty."""
    glyphs = glyphs_of(terminal)
    terminal.print_results(table_of(columns, rows, console=terminal.out_console, glyphs=glyphs))


def table_of(
    columns: Sequence[Column], rows: Sequence[TableRow], *, console: Console, glyphs: Glyphs
) -> Group:
    """Return a table for a console."""
    return Group(*_Table(columns, rows, console=console, glyphs=glyphs).lines())


class _Table:
    def __init__(
        self,
        columns: Sequence[Column],
        rows: Sequence[TableRow],
        *,
        console: Console,
        glyphs: Glyphs,
    ) -> None:
        shown = [n for n in range(len(columns)) if any(str(row.cells[n]) for row in rows)]
        self._columns = [columns[n] for n in shown]
        self._rows = rows
        self._cells = [[_text(row.cells[n]) for n in shown] for row in rows]
        self._console, self._glyphs = console, glyphs
        self._margin = 0 if all(row.word is None for row in rows) else 2
        self._sizes = [
            max(len(column.title), *(row[n].cell_len for row in self._cells))
            for n, column in enumerate(self._columns)
        ]
        self._shorten_names()

    def lines(self) -> Iterator[Text]:
        """Yield all lines."""
        if any(column.title for column in self._columns):
            yield self._line([Text(column.title, SECONDARY) for column in self._columns], None)
        is_numbered = self._columns[0].is_number
        below = self._margin + (self._sizes[0] + len(GAP) if is_numbered else 0)
        beside = self._width + len(GAP)
        longest = max(cell_len(row.note) for row in self._rows)
        at = beside if longest <= NOTE_LINES * (self._room - len(GAP)) else below
        for row, cells in zip(self._rows, self._cells, strict=True):
            line = self._line(cells, row.word)
            notes = Text(row.note).wrap(self._console, max(1, self._console.width - 1 - at))
            if row.note and at == beside:
                line.append(" " * (at - line.cell_len)).append(notes.pop(0))
            line.rstrip()
            yield line
            for note in notes if row.note else ():
                yield Text(" " * at + note.plain.rstrip(), "" if at == beside else SECONDARY)

    @property
    def _width(self) -> int:
        return self._margin + sum(self._sizes) + len(GAP) * (len(self._sizes) - 1)

    @property
    def _room(self) -> int:
        return self._console.width - 1 - self._width

    def _shorten_names(self) -> None:
        for number, column in enumerate(self._columns):
            if column.is_name and self._room < 0:
                self._sizes[number] = max(MIN_NAME, self._sizes[number] + self._room)

    def _line(self, cells: Sequence[Text], word: str | None) -> Text:
        name, style = MARKS.get(word or "", ("", ""))
        mark = getattr(self._glyphs, name) if name else ""
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{mark:<{self._margin}}", style)
        for cell, size, column in zip(cells, self._sizes, self._columns, strict=True):
            text = fitted(cell.plain, size, self._glyphs) if column.is_name else cell.plain
            pad = " " * (size - cell_len(text))
            line.append(pad + text if column.is_number else text + pad, cell.style).append(GAP)
        line.right_crop(len(GAP))
        return line


def _text(cell: str | Text) -> Text:
    return Text(cell) if isinstance(cell, str) else cell
