"""fnt.flow.live_view_keys: `d` and `c` in the live view."""

from __future__ import annotations

from builders import make_snapshot
from fnt.flow.live_view_keys import KEYS, LiveViewKeys
from fnt.output.renderer import Renderer
from fnt.progress import ProgressState, Update, UploadProgress, reduce
from world import FakeSession, completed

UPLOADING = UploadProgress(key="k", title="a.pdf", sent_bytes=1, size_bytes=9)


class Desk:
    """Keys with rows that the test sets."""

    def __init__(self, *updates: Update) -> None:
        self.session = FakeSession()
        self.hints: list[str] = []
        self.state = ProgressState()
        self.play(*updates)
        renderer = Renderer()
        renderer.set_keys = self._show  # type: ignore[method-assign]
        self.keys = LiveViewKeys(
            session=self.session,  # type: ignore[arg-type]
            renderer=renderer,
            rows=lambda: list(self.state.rows.values()),
        )

    def _show(self, *keys: str, question: str = "") -> None:
        self.hints.append("   ".join(filter(None, [question, *keys])))

    def play(self, *updates: Update) -> None:
        for update in updates:
            self.state = reduce(self.state, update, now=1.0)

    def press(self, keys: str) -> None:
        for key in keys:
            self.keys.press(key)


def test_d_detaches() -> None:
    desk = Desk(make_snapshot())

    desk.press("d")

    assert desk.session.is_detached
    assert desk.keys.has_detached


def test_d_waits_until_files_are_sent() -> None:
    desk = Desk(make_snapshot(), UPLOADING)

    desk.press("d")
    assert not desk.session.is_detached
    assert desk.hints == ["detaching once all files are sent"]

    desk.state = ProgressState()
    desk.keys.look_again()
    assert desk.session.is_detached


def test_c_asks_and_y_cancels_running_jobs() -> None:
    desk = Desk(make_snapshot(), make_snapshot(id=13), completed(job_id=14))

    desk.press("c")
    assert desk.hints == ["Cancel all 2 jobs?   y cancel   n keep"]
    assert desk.session.cancelled == []

    desk.press("y")
    assert desk.session.cancelled == [12, 13]
    assert desk.hints[-1] == "   ".join(KEYS)


def test_any_other_key_cancels_nothing() -> None:
    desk = Desk(make_snapshot(original_filename="a\x1b.pdf"))

    desk.press("cdx")

    assert desk.session.cancelled == []
    assert not desk.session.is_detached
    assert desk.hints == ["Cancel a\\x1b?   y cancel   n keep", "   ".join(KEYS)]


def test_c_without_a_running_job_asks_nothing() -> None:
    desk = Desk(completed())

    desk.press("cy")

    assert (desk.hints, desk.session.cancelled) == ([], [])
