"""Ranges of pages and chapters: `3`, `3-7`, `3-` and several of them with commas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

MAX_CHARS = 200
_PART = re.compile(r"(?P<first>[0-9]{1,6})(?P<dash>-(?P<last>[0-9]{1,6})?)?")


@dataclass(frozen=True, slots=True)
class Ranges:
    """Whole numbers."""

    parts: tuple[tuple[int, int | None], ...]
    """(first, last), both inclusive; a last of None is open."""

    @classmethod
    def parse(cls, text: str, *, least: int = 1) -> Self:
        """Read `3,5-7,9-`; raises ValueError with a message that names the part."""
        if len(text) > MAX_CHARS:
            raise ValueError(f"more than {MAX_CHARS} characters")
        return cls(tuple(_part(part.strip(), least) for part in text.split(",")))

    @classmethod
    def covering(cls, numbers: Iterable[int]) -> Self:
        """Return the shortest ranges of these numbers."""
        parts: list[tuple[int, int | None]] = []
        for number in sorted(set(numbers)):
            if parts and parts[-1][1] == number - 1:
                parts[-1] = (parts[-1][0], number)
            else:
                parts.append((number, number))
        return cls(tuple(parts))

    def __contains__(self, number: int) -> bool:
        return any(
            first <= number and (last is None or number <= last) for first, last in self.parts
        )

    def __str__(self) -> str:
        return ",".join(
            f"{first}" if first == last else f"{first}-{'' if last is None else last}"
            for first, last in self.parts
        )


def _part(text: str, least: int) -> tuple[int, int | None]:
    match = _PART.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:20]!r} is not a range like 3, 3-7 or 3-")
    first = int(match["first"])
    last = int(match["last"]) if match["last"] else None if match["dash"] else first
    if first < least:
        raise ValueError(f"numbers start at {least}")
    if last is not None and last < first:
        raise ValueError(f"{text} ends before it begins")
    return first, last
