"""Limits on what a live connection may send: the library reads whatever length is announced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from websocket import ABNF, WebSocketPayloadException, continuous_frame, frame_buffer

MAX_MESSAGE_BYTES = 1024 * 1024
"""A message is one event about one job: a few kilobytes."""


class LimitedFrameBuffer(frame_buffer):
    """Refuses a frame by its announced length, before any of it is read."""

    def __init__(self, receive: Callable[[int], bytes], *, skip_utf8_validation: bool) -> None:
        super().__init__(receive, skip_utf8_validation)

    def recv_length(self) -> None:
        """Read a frame's length; raises WebSocketPayloadException above the limit."""
        super().recv_length()
        if self.length is not None and self.length > MAX_MESSAGE_BYTES:
            raise WebSocketPayloadException("the frame is too large")


class LimitedContinuation(continuous_frame):
    """Refuses a message whose frames are too large together."""

    def add(self, frame: ABNF) -> None:
        """Add a frame; raises WebSocketPayloadException above the limit."""
        held: Any = self.cont_data[1] if self.cont_data else b""
        if len(held) + len(frame.data) > MAX_MESSAGE_BYTES:
            raise WebSocketPayloadException("the message is too large")
        super().add(frame)
