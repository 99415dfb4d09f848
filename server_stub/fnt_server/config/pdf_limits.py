"""What reading a PDF, or splitting a chunk of it, may cost: pages, memory, time, output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fnt_server.config.environment import number

SHORTEST_BOOK_SHARE: Final = 1 / 5
"""The share of `cpu_s` that even a book of one page may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfLimits:
    """What one step may cost; a novel of 1000 pages takes 3 s, 150 MB and 2 million characters."""

    max_pages: int = number("FNT_MAX_PAGES", 5000, 1, 100_000)
    memory_bytes: int = 1 << 30
    """Address space, most of which PDFium and Python only reserve."""
    cpu_s: int = 60
    """For a book of `max_pages` or a chunk; the analysis of shorter books gets less, to a fifth."""
    wall_s: float = 60.0
    output_bytes: int = 256 << 20
    max_text_chars: int = 20_000_000
    """The longest novel ever printed has 12 million."""

    def cpu_s_for(self, pages: int) -> float:
        """Return the processor time the analysis of a book of this many pages may use."""
        return self.cpu_s * max(SHORTEST_BOOK_SHARE, pages / self.max_pages)
