"""Whether patterns and functions take time in proportion to their text; run as a program.

Times are processor times of this process, the best of five; only 3.5 times as much for twice the
text counts as more than proportion.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import fnt.flow.results
import fnt.wire.results
import fnt.wire.words
import fnt_server.engines
import fnt_server.pipeline
from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines import rule_based_engine
from fnt_server.engines.rule_based import shorten
from fnt_server.pipeline.chunks import process_chunk
from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.extraction.characters import clean_text
from fnt_server.pipeline.extraction.pdf_reader import open_book
from fnt_server.pipeline.layout.geometry import HYPHEN, Line, Page
from fnt_server.pipeline.layout.watermarks import drop_watermarks
from fnt_server.pipeline.text.blocks import merge_drop_caps
from fnt_server.pipeline.text.hyphenation import Vocabulary, keeps_hyphen
from fnt_server.pipeline.text.paragraphs import find_paragraphs
from fnt_server.pipeline.text.sentences import iter_sentences
from fnt_server.pipeline.text.typography import plain
from pdfs import make_page_pdf

MODULES: tuple[ModuleType, ...] = (
    fnt_server.pipeline,
    fnt_server.engines,
    fnt.flow.results,
    fnt.wire.results,
    fnt.wire.words,
)
MOST_GROWTH = 3.5
ROUNDS = 5
GLANCE = 500
"""Characters of a first look; four times as many must not take eight times as long."""
NOTICEABLE_S = 0.001
LETTERS = 10
"""Characters of a pattern's own alphabet that are tried."""
PAIRED = 6
"""As many of them by two."""
_CALLS = {"search", "match", "fullmatch", "findall", "finditer", "split", "sub", "subn"}


def all_patterns() -> dict[str, re.Pattern[str]]:
    """Return the patterns that meet a document by where they stand, those of calls too."""
    found: dict[str, re.Pattern[str]] = {}
    for module in _all_modules():
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                found[f"{module.__name__}.{name}"] = value
            if isinstance(value, dict) and name.isupper():
                for key, pattern in value.items():
                    if isinstance(pattern, re.Pattern):
                        found[f"{module.__name__}.{name}[{key}]"] = pattern
        for line, text in _inline_patterns(module):
            found[f"{module.__name__}:{line}"] = re.compile(text)
    return found


def _all_modules() -> Iterator[ModuleType]:
    for module in MODULES:
        yield module
        for info in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
            yield importlib.import_module(info.name)


def _inline_patterns(module: ModuleType) -> Iterator[tuple[int, str]]:
    """Yield what is given to a function of `re` other than `compile`."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr=attr),
                args=[ast.Constant(value=str(text)), *_],
            ) if attr in _CALLS:
                yield node.lineno, text


def texts(pattern: re.Pattern[str]) -> Iterator[Callable[[int], str]]:
    """Yield makers of texts that a pattern may find hard, made from its own alphabet."""
    alphabet = _alphabet(pattern.pattern)
    units = [*alphabet, *map("".join, itertools.combinations(alphabet[:PAIRED], 2))]
    for unit in units:
        yield lambda size, unit=unit: unit * (size // len(unit))  # type: ignore[misc]
    for unit in alphabet:  # near misses: all but the end, or the beginning
        for other in ("x", "\n"):
            yield lambda size, unit=unit, other=other: unit * (size - 1) + other  # type: ignore[misc]
            yield lambda size, unit=unit, other=other: other + unit * (size - 1)  # type: ignore[misc]
    beginning = _sample(_parser.parse(pattern.pattern, pattern.flags))
    for unit in alphabet:
        yield lambda size, unit=unit: beginning + unit * size + "\n\n"  # type: ignore[misc]
    if beginning:
        yield lambda size: beginning * (size // len(beginning))
        yield lambda size: beginning[:-1] * (size // len(beginning)) + "\n"


def _alphabet(pattern: str) -> list[str]:
    """Return some characters that a pattern tells apart: its literals and ends of ranges."""
    found = Counter(" a.")
    for op, value in _walk(_parser.parse(pattern)):
        if str(op) in {"LITERAL", "NOT_LITERAL"}:
            found[chr(value)] += 1
        elif str(op) == "RANGE":
            found[chr(value[0])] += 1
    often = [char for char, _ in found.most_common()]
    signs = [char for char in often if not char.isalnum()]
    letters = [char for char in often if char.isalnum()]
    half = LETTERS // 2
    return (signs[:half] + letters[:half] + ["A", "1", "_"])[: LETTERS + 3]


def _walk(parsed: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every (operation, argument) of a parsed pattern."""
    if isinstance(parsed, _parser.SubPattern):
        parsed = parsed.data
    if isinstance(parsed, tuple) and isinstance(parsed[0], _constants._NamedIntConstant):
        yield parsed
    if isinstance(parsed, (list, tuple)):
        for part in parsed:
            if isinstance(part, (list, tuple, _parser.SubPattern)):
                yield from _walk(part)


def _sample(parsed: Any) -> str:
    """Return a text that a pattern finds, roughly: its first branches, each part once or twice."""
    text = ""
    for op, value in parsed:
        match str(op):
            case "LITERAL":
                text += chr(value)
            case "IN":
                text += next((chr(v) for o, v in value if str(o) == "LITERAL"), "a")
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                text += _sample(value[2]) * max(1, value[0])
            case "SUBPATTERN":
                text += _sample(value[3])
            case "BRANCH":
                text += _sample(value[1][0])
            case "ATOMIC_GROUP":
                text += _sample(value)
    return text


def growth(work: Callable[[str], object], make: Callable[[int], str]) -> float:
    """Return how much longer twice the text takes, 2.0 if in proportion; 0 if no time at all."""
    small, large = make(GLANCE), make(4 * GLANCE)
    if (second := cpu_s(work, large)) < NOTICEABLE_S or second < 8 * cpu_s(work, small):
        return 0.0
    size = GLANCE
    while cpu_s(work, make(size)) < NOTICEABLE_S:
        size *= 2
    one, two = make(size), make(2 * size)
    return min(best_s(work, two) / best_s(work, one) for _ in range(2))


def best_s(work: Callable[[str], object], text: str) -> float:
    return min(cpu_s(work, text) for _ in range(ROUNDS))


def cpu_s(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began


def slow_patterns(patterns: dict[str, re.Pattern[str]]) -> dict[str, str]:
    """Return the patterns whose time grows faster than their text, with a text that shows it."""
    return {
        name: shown
        for name, pattern in patterns.items()
        if (shown := next(_slow_texts(pattern), None)) is not None
    }


def _slow_texts(pattern: re.Pattern[str]) -> Iterator[str]:
    for make in texts(pattern):
        if (times := growth(lambda text: list(pattern.finditer(text)), make)) > MOST_GROWTH:
            yield f"{times:.1f} times for twice {make(12)!r}"


SETTINGS = ProcessingSettings()
UNITS = (
    ".", "! ", "!.", "« ", "»", "” ", "a", "a ", "A. ", "M. ", "a, ", "—", "— ", "-", "a-", "-a",
    "1 ", "(1)", "_", "'", "a’", "av. J.-C. ", "I ", "\xa0", " »", "«\xa0", "et ", "le ", ";",
    "à", "´e", "... ", "…", "a/", "|", "l’a-t-il ", "Il vint. ", "—a", "a—", ". a", "oui ; ", "A",
)  # fmt: skip
"""What hostile text repeats."""


def functions() -> dict[str, Callable[[str], object]]:
    """Return what is done to text, end to end."""
    words = Vocabulary.of(["la campagne était belle", "dit-il"])
    return {
        "count_words": fnt.wire.words.count_words,
        "iter_sentences": lambda text: list(iter_sentences(text)),
        "Vocabulary.of": lambda text: Vocabulary.of([text]),
        "keeps_hyphen": lambda text: keeps_hyphen(text, text, words),
        "plain": plain,
        "clean_text, marks": lambda text: clean_text(
            "a" + "\u0301" * len(text) + "\u0327" * len(text)
        ),
        "merge_drop_caps": lambda text: merge_drop_caps(_lines(text), words, size=10),
        "drop_watermarks": lambda text: drop_watermarks([_page(_lines("a" * len(text)))], size=10),
        "a line with accents": _accents,
        "clean_text": lambda text: clean_text(text, split_accents=True),
        "shorten": lambda text: shorten(text, SETTINGS),
        "process_chunk": _process_chunk,
        "find_paragraphs, long lines": lambda text: _paragraphs(text, 60, ""),
        "find_paragraphs, hyphens": lambda text: _paragraphs(text, 6, HYPHEN),
        "page_at": _over_pages,
    }


def _process_chunk(text: str) -> object:
    return process_chunk(
        [Paragraph(text=text, page=1, chapter=None)], settings=SETTINGS, engine=rule_based_engine
    )


def _paragraphs(text: str, width: int, end: str) -> object:
    lines = [text[at : at + width] + end for at in range(0, len(text), width)]
    page = Page(
        number=1,
        height=842,
        lines=tuple(
            Line(text=line, x0=72, x1=400, y=-12.0 * number, size=10)
            for number, line in enumerate(lines)
        ),
    )
    return find_paragraphs([page], size=10, fix_hyphenation=True)


def _lines(text: str) -> list[Line]:
    """Return large initials, and as many lines that stand beside all of them."""
    caps = [Line(text="A", x0=0, x1=9, y=9.0 * k, size=1e6) for k in range(len(text) // 2)]
    beside = [Line(text="a", x0=5, x1=9, y=9.0 * k, size=10) for k in range(len(text) // 2)]
    return [*caps, *beside]


def _page(lines: list[Line]) -> Page:
    return Page(number=1, height=842, lines=tuple(lines))


def _accents(text: str) -> object:
    """Read a line of capitals with as many accents at its end."""
    half = len(text) // 2
    content = f"BT /F 1 Tf 9 700 Td ({'E' * half}{'´' * half}) Tj ET"
    with tempfile.TemporaryFile() as file:
        file.write(make_page_pdf(content, page="/MediaBox[0 0 14400 800]"))
        file.flush()
        pages = open_book(file.fileno(), max_pages=1, max_text_chars=10**7).pages
        return list(pages)


def _over_pages(text: str) -> object:
    breaks = tuple((at, at) for at in range(0, len(text), 10))
    paragraph = Paragraph(text=text, page=1, chapter=None, page_breaks=breaks)
    return [paragraph.page_at(at) for at in range(0, len(text), 10)]


def slow_functions() -> dict[str, str]:
    """Return the functions whose time grows faster than their text."""
    return {
        f"{name} of {unit!r}": f"{times:.1f} times for twice the text"
        for name, work in functions().items()
        for unit in UNITS
        if (times := growth(work, lambda size, unit=unit: unit * (size // len(unit))))  # type: ignore[misc]
        > MOST_GROWTH
    }


def main() -> None:
    """Write what is slow as JSON: `patterns`, `functions`, or the pattern given."""
    match sys.argv[1:]:
        case ["patterns"]:
            patterns = all_patterns()
            found = {"looked_at": sorted(patterns), "slow": slow_patterns(patterns)}
        case ["functions"]:
            found = {"looked_at": sorted(functions()), "slow": slow_functions()}
        case [_, text]:
            found = {"looked_at": [text], "slow": slow_patterns({text: re.compile(text)})}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
