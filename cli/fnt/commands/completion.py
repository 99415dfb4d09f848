"""`fnt completion`: a shell script generated from the command tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fnt.errors import UsageError

if TYPE_CHECKING:
    from fnt.context import AppContext

TAKES_JOBS = frozenset({"watch", "download", "jobs show", "jobs cancel", "jobs retry", "jobs rm"})
TEMPLATES = Path(__file__).parent / "shells"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One command and its completions."""

    words: str
    """As typed, e.g. `jobs list`; empty for `fnt` itself."""
    names: tuple[tuple[str, str], ...]
    """Subcommands with their descriptions."""
    options: tuple[tuple[str, str], ...]


def completion(
    ctx: typer.Context,
    shell: Annotated[
        str, typer.Argument(metavar="bash|zsh|fish", help="Shell to print the script for.")
    ],
) -> None:
    """Print a shell completion script.

    \b
    Examples:
      fnt completion bash > ~/.local/share/bash-completion/completions/fnt
      fnt completion zsh > ~/.zfunc/_fnt
      fnt completion fish > ~/.config/fish/completions/fnt.fish

    For zsh, the folder must be in $fpath.
    """
    context: AppContext = ctx.obj
    writers = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    if shell not in writers:
        raise UsageError(f"no completion for {shell[:20]!r}", hint="bash, zsh or fish")
    script = writers[shell](list(_nodes(ctx)))
    context.report.answer["completion"] = {"shell": shell, "script": script}
    for line in script.splitlines():
        context.terminal.result(line)


def _nodes(ctx: Any) -> Iterator[Node]:
    root = ctx.find_root().command
    yield from _walk(root, "", ctx)


def _walk(command: Any, words: str, ctx: Any) -> Iterator[Node]:
    table: Mapping[str, tuple[Any, str]] = getattr(command, "table", {})
    options = tuple(
        (name, (param.help or "").rstrip("."))
        for param in command.params
        if param.param_type_name == "option"
        for name in (*param.opts, *param.secondary_opts)
        if name.startswith("--")
    )
    yield Node(
        words=words,
        names=tuple((name, line.rstrip(".")) for name, (_, line) in table.items()),
        options=(*options, ("--help", "Show help")),
    )
    for name in table:
        yield from _walk(command.get_command(ctx, name), f"{words} {name}".strip(), ctx)


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _bash(nodes: list[Node]) -> str:
    cases = "\n".join(
        f"    {_quoted(node.words)}) words={_quoted(' '.join(_words(node)))} ;;" for node in nodes
    )
    return _template("bash").replace("@CASES@", cases).replace("@JOBS@", _jobs_pattern())


def _zsh(nodes: list[Node]) -> str:
    cases = "\n".join(
        f"    {_quoted(node.words)}) words_here=({' '.join(map(_quoted, _described(node)))}) ;;"
        for node in nodes
    )
    return _template("zsh").replace("@CASES@", cases).replace("@JOBS@", _jobs_pattern())


def _fish(nodes: list[Node]) -> str:
    lines = []
    for node in nodes:
        condition = f'-n \'test "$(__fnt_at)" = "{node.words}"\''
        lines += [f"complete -c fnt {condition} -a {n} -d {_quoted(h)}" for n, h in node.names]
        lines += [
            f"complete -c fnt {condition} -l {name[2:]} -d {_quoted(line)}"
            for name, line in node.options
        ]
        if node.words in TAKES_JOBS:
            lines.append(f"complete -c fnt {condition} -f -a '(fnt __jobs)'")
    names = " ".join(_quoted(node.words) for node in nodes if node.words)
    return _template("fish").replace("@NAMES@", names).replace("@LINES@", "\n".join(lines))


def _words(node: Node) -> list[str]:
    return [name for name, _ in (*node.names, *node.options)]


def _described(node: Node) -> list[str]:
    return [f"{name}:{line.replace(':', ' ')}" for name, line in (*node.names, *node.options)]


def _jobs_pattern() -> str:
    return "|".join(_quoted(words) for words in sorted(TAKES_JOBS))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "’") + "'"
