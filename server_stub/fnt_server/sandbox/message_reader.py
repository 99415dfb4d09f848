"""Reads the messages of a pipeline process: a line each, and as many bytes as it announces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

import msgspec

from fnt_server.sandbox import failures
from fnt_server.sandbox.messages import MAX_HEAD_BYTES, Interim, Response

_HEADS: Final = msgspec.json.Decoder(Response | Interim)
"""Made once: msgspec must not look up the fields of a struct in two threads."""


class MessageReader:
    """Believes what it reads no more than a document; raises ExtractionCrashed."""

    def __init__(self, blocks: Iterator[bytes], *, max_body_bytes: int) -> None:
        self._blocks = blocks
        self._max_body_bytes = max_body_bytes
        self._held = bytearray()

    @property
    def has_more(self) -> bool:
        """Whether more has come than was read."""
        return bool(self._held)

    def read_head(self) -> Response | Interim:
        """Return the line of the next message; its body has to be copied before the next one."""
        while b"\n" not in self._held:
            if len(self._held) > MAX_HEAD_BYTES:
                raise failures.untrusted()
            self._held += next(self._blocks)
        line, _, self._held = self._held.partition(b"\n")
        try:
            head: Response | Interim = _HEADS.decode(line)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise failures.untrusted() from None
        if head.body_bytes > self._max_body_bytes:
            raise failures.too_heavy()
        return head

    def copy_body(self, head: Response | Interim, body: IO[bytes]) -> None:
        """Copy the body of a message to a file."""
        left = head.body_bytes
        while left:
            if not self._held:
                self._held += next(self._blocks)
            part = self._held[:left]
            body.write(part)
            del self._held[:left]
            left -= len(part)
        body.seek(0)
