"""Every command line in docs, help and hints names commands and options that there are."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

import fnt.app
import fnt_server.cli.commands
from doc_lines import PAGES, ROOT, mentions

PROGRAMS = {
    "fnt": typer.main.get_command(fnt.app.app),
    "fnt-server": typer.main.get_command(fnt_server.cli.commands.app),
}
PACKAGES = ("cli/fnt", "server_stub/fnt_server")
GLOBAL = {option for one in PROGRAMS["fnt"].params for option in one.opts} | {"-h", "--help", "-V"}
SOURCES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


def wrong(line: str) -> str | None:
    """Return what a command line names that there is not."""
    try:
        program, *words = shlex.split(line, comments=True)
    except ValueError:  # a quotation mark of the prose around it
        return None
    if words[:1] == ["--server"]:
        words = words[2:]
    command, parents = PROGRAMS[program], [PROGRAMS[program]]
    while words and hasattr(command, "get_command") and words[0] not in GLOBAL:
        name = words.pop(0)
        names = [part for part in name.split("|") if re.fullmatch(r"[a-z-]+", part)]
        found = [command.get_command(None, part) for part in names]
        if not found or None in found:
            return name if names else None
        command = found[0]
        parents.append(command)
    known = GLOBAL | {option for one in parents for param in one.params for option in param.opts}
    known |= {option for one in parents for param in one.params for option in param.secondary_opts}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return next((option for option in given if option not in known), None)


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def typed(text: str) -> Iterator[str]:
    """Yield the command lines of a text of the program: examples, and what follows a colon."""
    for line in text.splitlines():
        if found := re.search(r"(?:^\s*|(?<!error): |`)((?:fnt|fnt-server) [a-z][^`(;]*)", line):
            yield re.split(r" [|>#] ?|, (?:or|and|then) ", found[1])[0].rstrip(" .,:'")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_what_there_is(page: Path) -> None:
    lines = list(mentions(page.read_text(encoding="utf-8")))

    assert {line: name for line in lines if (name := wrong(line))} == {}


def test_help_and_hints_name_what_there_is() -> None:
    lines = {line for path in SOURCES for text in strings(path) for line in typed(text)}

    assert len(lines) > 60
    assert {line: name for line in lines if (name := wrong(line))} == {}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("fnt uplaod novel.pdf", "uplaod"),
        ("fnt upload novel.pdf --wach", "--wach"),
        ("fnt jobs list|shwo", "list|shwo"),
        ("fnt-server user token EMAIL --name NAME", None),
        ("fnt --server https://a.org login --email you@example.org", None),
        ("fnt upload 'novel.pdf -w --json", None),
    ],
)
def test_what_there_is_not_would_be_found(line: str, name: str | None) -> None:
    assert wrong(line) == name
