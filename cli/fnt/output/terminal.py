"""The standard streams of a run and their capabilities."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO, cast

from fnt.color import ColorMode, wants_color
from fnt.errors import UsageError
from fnt.output.foreground import in_foreground
from fnt.output.sanitize import clean

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

GLYPHS = "●✓✗–━─·…"
_RUNNERS_THAT_READ = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")
"""Variables of the runners that obey commands in a log: GitHub, Azure Pipelines, TeamCity."""
_RUNNER_COMMAND = re.compile(r"##(\w*)\[")


class Terminal:
    """The standard streams of a run: results go to `out`, messages to `err`."""

    def __init__(
        self,
        *,
        out: TextIO,
        err: TextIO,
        stdin: TextIO,
        environ: Mapping[str, str],
        ask_secret: Callable[[str], str] | None = None,
        size: tuple[int, int] | None = None,
    ) -> None:
        self.out = out
        self.err = err
        self.stdin = stdin
        self.environ = environ
        self.color = ColorMode.AUTO
        self.is_quiet = False
        self.out_is_closed = False
        self.tells_results = True
        """Whether result lines are printed; False if `out` carries data."""
        self.takes_input = True
        self._ask_secret = ask_secret or (lambda text: getpass.getpass(text, stream=err))
        self._size = size
        self._console: Console | None = None
        for stream in (out, err):
            _replace_what_cannot_be_encoded(stream)

    @classmethod
    def of_process(cls) -> Terminal:
        """Return the terminal of this process; closed streams are replaced."""
        terminal = cls(
            out=sys.stdout or _nowhere("w"),
            err=sys.stderr or _nowhere("w"),
            stdin=sys.stdin or _nowhere("r"),
            environ=os.environ,
        )
        terminal.out_is_closed = sys.stdout is None
        return terminal

    @property
    def out_is_terminal(self) -> bool:
        """Whether `out` is a terminal."""
        return _is_terminal(self.out)

    @property
    def err_is_terminal(self) -> bool:
        """Whether `err` is a terminal."""
        return _is_terminal(self.err)

    @property
    def can_ask(self) -> bool:
        """Whether a user can answer questions."""
        is_terminal = _is_terminal(self.stdin) and self.err_is_terminal
        return self.takes_input and is_terminal and in_foreground(self.stdin)

    @property
    def can_animate(self) -> bool:
        """Whether lines can be redrawn in place."""
        return self.err_is_terminal and self.environ.get("TERM") != "dumb"

    @property
    def is_on_github(self) -> bool:
        """Whether the output is read by a GitHub Actions runner."""
        return self.environ.get("GITHUB_ACTIONS") == "true"

    @property
    def has_glyphs(self) -> bool:
        """Whether `err` can encode non-ASCII symbols."""
        try:
            GLYPHS.encode(getattr(self.err, "encoding", None) or "ascii")
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def has_color(self, stream: TextIO) -> bool:
        """Return whether a stream gets color."""
        return wants_color(self.color, self.environ, is_terminal=_is_terminal(stream))

    @property
    def console(self) -> Console:
        """A Rich console for `err`, created on first use."""
        if self._console is None:
            self._console = self._make_console(self.err)
        return self._console

    @cached_property
    def out_console(self) -> Console:
        """A Rich console for `out`."""
        return self._make_console(self.out)

    def _make_console(self, stream: TextIO) -> Console:
        from fnt.output.rich_console import make_console  # noqa: PLC0415 -- Rich takes 50 ms

        return make_console(
            stream,
            size=self._size,
            has_color=self.has_color(stream),
            can_animate=self.can_animate,
            environ=self.environ,
        )

    def print_results(self, content: RenderableType) -> None:
        """Print results drawn for a terminal."""
        if self.tells_results:
            with self._writing():
                self.out_console.print(content)

    def result(self, text: str) -> None:
        """Print one line of results."""
        if self.tells_results:
            self._write_out(self._harmless(text) + "\n")

    def document(self, payload: Any) -> None:
        """Print one line of JSON, in ASCII so that any encoding preserves it."""
        # JSON syntax never contains "##[", but a string could, as a command to a CI's runner.
        self._write_out(_RUNNER_COMMAND.sub(r"##\1\\u005b", json.dumps(payload)) + "\n")

    def write_bytes(self, pieces: Iterable[bytes]) -> None:
        """Write binary results as they arrive."""
        with self._writing():
            self.out.flush()
            for piece in pieces:
                self.out.buffer.write(piece)
            self.out.buffer.flush()

    def say(self, text: str = "") -> None:
        """Print a message above the live view, unless quiet."""
        if not self.is_quiet:
            self._say(self._harmless(text))

    def warn(self, name: str, words: str) -> None:
        """Say of a book or a file that something may be wrong, unless quiet."""
        self.say(f"warning: {clean(name)}: {words}")

    def say_dim(self, text: str) -> None:
        """Print a message that few need, unless quiet; dim if there is color."""
        if not self.is_quiet:
            line = self._harmless(text)
            self._say(f"\x1b[2m{line}\x1b[0m" if self.has_color(self.err) else line)

    def say_error(self, text: str) -> None:
        """Print a message that no option suppresses."""
        self._say(self._harmless(text))

    def command_runner(self, line: str) -> None:
        """Print one workflow command for GitHub's runner, already escaped."""
        self._say(line)

    def ask(self, question: str, *, instead: str | None = None) -> str:
        """Prompt for one line; raises UsageError with `instead` as its hint if it cannot prompt."""
        self._must_ask(question, instead)
        self.err.write(f"{clean(question)}: ")
        self.err.flush()
        return self.stdin.readline().strip()

    def ask_secret(self, question: str, *, instead: str | None = None) -> str:
        """Ask for one line without echo."""
        self._must_ask(question, instead)
        return self._ask_secret(f"{clean(question)}: ")

    def read_line(self) -> str:
        """Read one line from stdin."""
        return self.stdin.readline().rstrip("\r\n")

    def confirm(self, question: str) -> bool:
        """Ask a yes-or-no question whose default is no."""
        return self.ask(f"{question} [y/N]").lower() in {"y", "yes"}

    def close(self) -> None:
        """Flush both streams; a closed pipe is not an error."""
        for stream in (self.out, self.err):
            try:
                stream.flush()
            except (OSError, ValueError):
                # Python flushes again at exit and would complain.
                with contextlib.suppress(OSError, ValueError):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

    def _harmless(self, text: str) -> str:
        """Escape a line, including commands to the runner of a CI that would read it."""
        line = clean(text)
        if any(map(self.environ.get, _RUNNERS_THAT_READ)):
            line = _RUNNER_COMMAND.sub(r"## \1[", line)
        is_command = self.is_on_github and line.lstrip().startswith("::")
        return f". {line}" if is_command else line

    def _must_ask(self, question: str, instead: str | None) -> None:
        if not self.can_ask:
            raise UsageError(
                f"cannot prompt for the {question.lower()} without a terminal", hint=instead
            )

    def _say(self, line: str) -> None:
        try:
            if self._console is not None:
                self._console.out(line, highlight=False)
                return
            self.err.write(line + "\n")
            self.err.flush()
        except BrokenPipeError:
            raise
        except OSError:
            pass  # logging to a full disk must not end the run or change its exit code

    def _write_out(self, text: str) -> None:
        with self._writing():
            self.out.write(text)
            self.out.flush()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        if self.out_is_closed:
            raise BrokenPipeError
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UsageError(f"cannot write the result: {error.strerror}") from error


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _replace_what_cannot_be_encoded(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _nowhere(mode: str) -> TextIO:
    """Open a replacement for a closed stream, so that no other file gets its descriptor."""
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123
