"""The shell's job control: Ctrl-Z, `fg`, `bg`, and a start with `&`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, Self

from fnt.output.foreground import in_foreground
from fnt.output.keyboard import Keyboard, can_read_keys
from fnt.output.live import LiveRenderer
from fnt.output.plain import PlainRenderer
from fnt.output.renderer import Renderer
from fnt.output.terminal import Terminal
from fnt.progress import ProgressState

HAS_JOBS = hasattr(signal, "SIGTSTP")  # not on Windows


class ForegroundRenderer(Renderer):
    """Shows the live view and reads keys in the foreground; logs plain lines in the background.

    On Ctrl-Z the ticker's thread gives the terminal back, then the main thread stops the process:
    a signal handler that waited for a lock could wait for the very code it interrupted.
    """

    shows_results = True

    def __init__(self, terminal: Terminal, *, live: LiveRenderer, plain: PlainRenderer) -> None:
        self._terminal = terminal
        self._live = live
        self._plain = plain
        self._keyboard: Keyboard | None = None
        self._lock = threading.Lock()
        self._has_terminal = False
        self._must_stop = False
        self._may_stop = False
        self._was_stopped = False
        self._handlers: dict[int, Any] = {}
        self.has_keys = can_read_keys(terminal.stdin)

    def __enter__(self) -> Self:
        """Take the terminal if in the foreground, and follow the shell's signals."""
        if HAS_JOBS and threading.current_thread() is threading.main_thread():
            for number, handler in (
                (signal.SIGTSTP, self._stop),
                (signal.SIGCONT, self._continued),
            ):
                self._handlers[number] = signal.signal(number, handler)
        with self._lock:
            self._take()
        return self

    def __exit__(self, *_: object) -> None:
        """Print what the view still shows, and give the terminal back."""
        with self._lock:
            if not in_foreground(self._terminal.err):
                self._lose()
            elif self._has_terminal:
                self._give(self._live.finish)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def listen(self, on_key: Callable[[str], None]) -> None:
        """Report keys pressed while the view is shown; call it before entering."""
        self._keyboard = Keyboard(self._terminal.stdin, on_key)

    def render(self, state: ProgressState) -> None:
        """Pass a state on to both, so that either can take over."""
        with self._lock:
            if self._was_stopped:
                self._follow_shell()
            self._live.render(state)
            self._plain.render(state)

    def remark(self, name: str, words: str, *, is_warning: bool) -> bool:
        """Draw a remark about a book above the view; returns whether there is a view."""
        with self._lock:
            return self._has_terminal and self._live.remark(name, words, is_warning=is_warning)

    def tick(self) -> None:
        """Take or give back the terminal as the shell wants it, then redraw."""
        with self._lock:
            if self._may_stop:
                return
            if self._must_stop:
                self._must_stop, self._may_stop = False, True
                if self._has_terminal:
                    self._give(self._live.suspend)
                os.kill(os.getpid(), signal.SIGTSTP)
                return
            self._follow_shell()
            (self._live if self._has_terminal else self._plain).tick()

    def set_keys(self, *keys: str, question: str = "") -> None:
        """Display what keys do, or a question and its answers."""
        self._live.set_keys(*keys, question=question)

    def _follow_shell(self) -> None:
        was_stopped, self._was_stopped = self._was_stopped, False
        if was_stopped or not in_foreground(self._terminal.err):
            self._lose()
        self._take()

    def _take(self) -> None:
        if self._has_terminal or not in_foreground(self._terminal.err):
            return
        self._has_terminal = self._plain.is_muted = True
        if self._keyboard is not None and self.has_keys and in_foreground(self._terminal.stdin):
            self._keyboard.start()
        self._live.resume()

    def _give(self, close_view: Callable[[], None]) -> None:
        """Give the terminal back in the foreground."""
        if self._keyboard is not None:
            self._keyboard.stop()
        close_view()
        self._has_terminal = self._plain.is_muted = False

    def _lose(self) -> None:
        """Give up a terminal that already belongs to others: nothing is erased or restored."""
        if self._has_terminal:
            with suppress(OSError):
                self._give(self._live.drop)

    def _stop(self, number: int, _: FrameType | None) -> None:
        """Ask the ticker to give the terminal back; when it has, stop as without a handler."""
        if not self._may_stop:
            self._must_stop = True
            return
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)  # returns once the shell continues the process
        signal.signal(number, self._stop)
        self._may_stop = False

    def _continued(self, *_: object) -> None:
        self._was_stopped = True
