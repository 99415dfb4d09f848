"""Sentences as they are stored: a JSON object in a line for each, and each source once.

A line without `source` has that of the line before it. Files of earlier versions have it in every
line; lines of both kinds may follow each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from fnt.wire.results import Sentence


def write_lines(sentences: Iterable[Sentence]) -> Iterator[bytes]:
    """Yield the line of each sentence."""
    source: str | None = None
    for sentence in sentences:
        wire = sentence.to_wire()
        if sentence.source == source:
            del wire["source"]
        source = sentence.source
        yield json.dumps(wire, ensure_ascii=False).encode() + b"\n"


def read_lines(lines: Iterable[bytes]) -> Iterator[Sentence]:
    """Yield the sentence of each line; raises WireError."""
    source: str | None = None
    for line in lines:
        wire = json.loads(line)
        source = wire.setdefault("source", source)
        yield Sentence.from_wire(wire)
