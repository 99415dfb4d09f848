"""fnt.output: streams, color, and escaping of untrusted text."""

from __future__ import annotations

import pytest

from fnt.color import ColorMode, wants_color
from fnt.errors import FntError, UsageError
from fnt.output.sanitize import clean, harmless_pieces
from fnt.output.terminal import Terminal
from world import Stream, make_terminal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Madame Bovary – l’été.pdf", "Madame Bovary – l’été.pdf"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("one\ntwo\r\tthree", "one\\ntwo\\r\\tthree"),
        ("exe\u202efdp.txt", "exe\\u202efdp.txt"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("line\u2028par\u2029", "line\\u2028par\\u2029"),
        ("no\u00a0break\u202fspace", "no break space"),
        ("\udcff", "\\udcff"),
        ("\x7f\x00\x85", "\\x7f\\x00\\x85"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("日本語 🎉", "日本語 🎉"),
    ],
)
def test_clean_escapes_text(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_harmless_text_keeps_its_lines_however_it_is_cut(size: int) -> None:
    text = "é\t\u202a1\r\n2\r3\x1b[J\x9b\n\r".encode() + b"\xff"
    pieces = [text[start : start + size] for start in range(0, len(text), size)]

    assert (
        b"".join(harmless_pieces(pieces)).decode() == "é\t1\r\n2\ufffd3\ufffd[J\ufffd\n\ufffd\ufffd"
    )


@pytest.mark.parametrize(
    ("mode", "environ", "tty", "expected"),
    [
        (ColorMode.AUTO, {}, True, True),
        (ColorMode.AUTO, {}, False, False),
        (ColorMode.AUTO, {"TERM": "dumb"}, True, False),
        (ColorMode.AUTO, {"NO_COLOR": "1"}, True, False),
        (ColorMode.AUTO, {"FORCE_COLOR": "1"}, False, True),
        (ColorMode.AUTO, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        (ColorMode.ALWAYS, {"NO_COLOR": "1"}, False, True),
        (ColorMode.NEVER, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_color_flag_then_no_color_then_force_color_then_terminal(
    mode: ColorMode, environ: dict[str, str], tty: bool, expected: bool
) -> None:
    assert wants_color(mode, environ, is_terminal=tty) is expected


def test_color_never_implies_animation() -> None:
    terminal = make_terminal(tty=False, environ={"FORCE_COLOR": "1"})

    assert not terminal.can_animate


def test_a_dumb_terminal_is_not_drawn_over() -> None:
    assert not make_terminal(tty=True, environ={"TERM": "dumb"}).can_animate
    assert make_terminal(tty=True, environ={"TERM": "xterm"}).can_animate


@pytest.mark.parametrize(
    ("encoding", "expected"), [("utf-8", True), ("cp1252", False), ("ascii", False)]
)
def test_glyphs_by_encoding(encoding: str, expected: bool) -> None:
    assert make_terminal(encoding=encoding).has_glyphs is expected


def test_unencodable_text_does_not_crash() -> None:
    terminal = make_terminal(encoding="cp1252")

    terminal.say("é → ✓")

    assert terminal.err.text == "é ? ?\n"


def test_results_go_to_out_and_words_to_err() -> None:
    terminal = make_terminal()

    terminal.result("novel\x1b.txt")
    terminal.say("hello\nworld")

    assert terminal.out.text == "novel\\x1b.txt\n"
    assert terminal.err.text == "hello\\nworld\n"


def test_quiet_silences_words_but_not_errors() -> None:
    terminal = make_terminal()
    terminal.is_quiet = True

    terminal.say("hello")
    terminal.say_error("error: no")

    assert terminal.err.text == "error: no\n"


def test_document_is_ascii_and_exact() -> None:
    terminal = make_terminal(encoding="cp1252")

    terminal.document({"path": "✓\udcff\u202e\x1b\x7f"})

    assert terminal.out.text == '{"path": "\\u2713\\udcff\\u202e\\u001b\\u007f"}\n'


def test_words_said_while_rich_draws_are_literal() -> None:
    terminal = make_terminal(tty=True)
    assert terminal.console.width == 100

    terminal.say("[bold]x[/bold] " + "y" * 120)

    assert terminal.err.text == "[bold]x[/bold] " + "y" * 120 + "\n"


def test_nobody_is_asked_without_a_terminal() -> None:
    with pytest.raises(UsageError, match="cannot prompt for the email"):
        make_terminal(tty=False, stdin="me\n").ask("Email")


def test_nobody_is_asked_with_no_input() -> None:
    terminal = make_terminal(tty=True, stdin="me\n")
    terminal.takes_input = False

    with pytest.raises(UsageError):
        terminal.ask_secret("Password", instead="use --password-stdin")


@pytest.mark.parametrize(("answer", "expected"), [("y\n", True), ("Yes\n", True), ("\n", False)])
def test_confirm_takes_only_a_yes(answer: str, expected: bool) -> None:
    assert make_terminal(tty=True, stdin=answer).confirm("Remove") is expected


class Full(Stream):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


class Gone(Stream):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_full_disk_is_reported() -> None:
    terminal = Terminal(out=Full(), err=Stream(), stdin=Stream(), environ={})

    with pytest.raises(FntError, match="No space left"):
        terminal.result("x")


def test_a_reader_that_went_away_is_passed_on() -> None:
    terminal = Terminal(out=Gone(), err=Stream(), stdin=Stream(), environ={})

    with pytest.raises(BrokenPipeError):
        terminal.result("x")


def test_a_closed_stdout_counts_as_gone() -> None:
    terminal = make_terminal()
    terminal.out_is_closed = True

    with pytest.raises(BrokenPipeError):
        terminal.result("x")
