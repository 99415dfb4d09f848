"""Keys of the live view: `d` detaches, `c` cancels after confirmation."""

from __future__ import annotations

from collections.abc import Callable

from fnt.output.formatting import book_name
from fnt.output.renderer import Renderer
from fnt.progress import Row
from fnt.session import Session

KEYS = ("d detach", "c cancel", "Ctrl-C leave")
ANSWERS = ("y cancel", "n keep")


class LiveViewKeys:
    """Handles key presses, in the keyboard thread; the session's methods are thread-safe."""

    def __init__(
        self, *, session: Session, renderer: Renderer, rows: Callable[[], list[Row]]
    ) -> None:
        self._session = session
        self._renderer = renderer
        self._rows = rows
        self._asked: list[int] | None = None
        self._wants_to_detach = False
        self.has_detached = False

    def press(self, key: str) -> None:
        """Handle one key."""
        if self._asked is not None:
            self._answer(key)
        elif key in "dD":
            self._wants_to_detach = True
            self.look_again()
        elif key in "cC":
            self._ask()

    def look_again(self) -> None:
        """Detach, if requested, once no upload would be cut off."""
        if not self._wants_to_detach or self.has_detached:
            return
        if any(row.job is None and not row.is_done for row in self._rows()):
            self._renderer.set_keys("detaching once all files are sent")
            return
        self.has_detached = True
        self._session.detach()

    def show_keys(self) -> None:
        """Display the available keys."""
        self._renderer.set_keys(*KEYS)

    def _ask(self) -> None:
        running = [row for row in self._rows() if row.job is not None and not row.is_done]
        self._asked = [row.job.id for row in running if row.job is not None]
        if not running:
            self._asked = None
            return
        what = book_name(running[0].title) if len(running) == 1 else f"all {len(running)} jobs"
        self._renderer.set_keys(*ANSWERS, question=f"Cancel {what}?")

    def _answer(self, key: str) -> None:
        asked, self._asked = self._asked, None
        self.show_keys()
        if key in "yY":
            for job_id in asked or []:
                self._session.cancel(job_id)
