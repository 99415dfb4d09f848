"""Our sentences beside two well-known segmenters: megabytes a second, on the same text."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

from bench.report import Figure, interleaved
from corpus import CORPUS
from fnt_server.cli.sample import story_text
from fnt_server.pipeline.text.sentences import iter_sentences

GOLD = CORPUS / "novels" / "madame_bovary.gold.txt"
OTHERS = ("pysbd", "sentencex")
SLOW_SHARE = 20
"""pySBD takes seconds for what others do in milliseconds: it gets a part of the text."""


def measure(*, short: bool) -> Iterator[Figure]:
    """Take turns, paragraph by paragraph."""
    text = GOLD.read_text(encoding="utf-8") if GOLD.exists() else story_text() * 10
    paragraphs = [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]
    few = paragraphs[:: SLOW_SHARE if not short else 10 * SLOW_SHARE]
    runs: dict[str, tuple[Callable[[], object], list[str]]] = {
        "fnt": (lambda: [list(iter_sentences(one)) for one in paragraphs], paragraphs)
    }
    for name in OTHERS:
        segment = _segmenter(name)
        if segment is None:
            yield Figure(name=f"sentences by {name}", value="not installed")
            continue
        texts = few if name == "pysbd" else paragraphs
        runs[name] = (lambda s=segment, t=texts: [s(one) for one in t], texts)
    medians = interleaved({name: run for name, (run, _) in runs.items()}, rounds=1 if short else 5)
    for name, (_, texts) in runs.items():
        megabytes = sum(len(one.encode()) for one in texts) / 1e6
        yield Figure(
            name=f"sentences by {name}",
            value=f"{megabytes / medians[name]:.1f} MB/s",
            more_is_better=True,
        )


def _segmenter(name: str) -> Callable[[str], object] | None:
    try:
        library = importlib.import_module(name)
    except ImportError:
        return None
    if name == "pysbd":
        segmenter: Callable[[str], object] = library.Segmenter(language="fr", clean=False).segment
        return segmenter
    return lambda text: library.segment("fr", text)
