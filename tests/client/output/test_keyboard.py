"""fnt.output.keyboard: single keys on a real pseudo-terminal."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from queue import Queue
from typing import TextIO

import pytest

from fnt.output.keyboard import Keyboard, can_read_keys, key_of

pty = pytest.importorskip("pty", reason="no pseudo-terminals on this system")
termios = pytest.importorskip("termios", reason="no terminal modes on this system")


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """The controlling end of a pseudo-terminal, and stdin at its other end."""
    outer, inner = pty.openpty()
    with open(inner, encoding="utf-8") as stdin:  # noqa: PTH123 -- a number, no path
        yield outer, stdin
    os.close(outer)


def is_canonical(stdin: TextIO) -> bool:
    return bool(termios.tcgetattr(stdin.fileno())[3] & termios.ICANON)


def test_keys_arrive_without_return(terminal: tuple[int, TextIO]) -> None:
    outer, stdin = terminal
    keys: Queue[str] = Queue()

    keyboard = Keyboard(stdin, keys.put)
    keyboard.start()
    os.write(outer, b"c")

    assert keys.get(timeout=5) == "c"
    keyboard.stop()


@pytest.mark.parametrize(
    ("data", "key"), [(b"d", "d"), (b"\xff", "\xff"), (b"\x1b[A", None), (b"cy", None)]
)
def test_arrow_keys_and_pastes_are_no_keys(data: bytes, key: str | None) -> None:
    assert key_of(data) == key


def test_the_mode_is_restored_each_time(terminal: tuple[int, TextIO]) -> None:
    _, stdin = terminal
    keyboard = Keyboard(stdin, lambda key: None)

    for _ in range(2):
        keyboard.start()
        assert not is_canonical(stdin)
        keyboard.stop()
        assert is_canonical(stdin)


def test_a_pipe_has_no_keys() -> None:
    read, write = os.pipe()
    os.close(write)

    with open(read, encoding="utf-8") as stdin:  # noqa: PTH123 -- a number, no path
        assert not can_read_keys(stdin)
    assert not can_read_keys(io.StringIO())


def test_a_terminal_of_others_has_no_keys(terminal: tuple[int, TextIO]) -> None:
    """The terminal does not control this process, as if it ran in the background."""
    _, stdin = terminal

    assert not can_read_keys(stdin)
