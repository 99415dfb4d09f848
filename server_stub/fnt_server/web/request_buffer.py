"""Collects a request until it can be answered without waiting for its client."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024
"""Larger bodies are read while the request runs."""
READ_BYTES = 64 * 1024

_CONTENT_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,9})[ \t]*\r?$", re.I | re.M)
_EXPECT = re.compile(rb"^expect:", re.I | re.M)
_EXPECT_CONTINUE = re.compile(rb"^expect:[ \t]*100-continue[ \t]*\r\n", re.I | re.M)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LOGIN = re.compile(rb"POST [^ ]*?/(?:auth/|device)")
"""Checks a password, or stores something for somebody who is not logged in."""
_FIRST_BYTES = re.compile(rb"[!#-'*+.^`|~\w-]")
"""What a method begins with; anything else, such as a TLS handshake, is no HTTP."""


class RequestBuffer:
    """The bytes of one request, and of what follows it."""

    def __init__(self, received: bytes = b"") -> None:
        self._received = bytearray()
        self._searched = 0
        self._size: int | None = None
        self._is_awaited = False
        self.add(received)

    def add(self, data: bytes) -> None:
        """Add what arrived."""
        self._received += data
        while not self._searched and self._received[:2] == b"\r\n":
            del self._received[:2]  # RFC 9112 section 2.2

    def content(self) -> bytes:
        """Return everything."""
        return bytes(self._received)

    def __bool__(self) -> bool:
        """Return whether anything has arrived."""
        return bool(self._received)

    @property
    def is_oversized(self) -> bool:
        """Whether the head is longer than any that is read."""
        return self._size is None and len(self._received) > MAX_HEAD_BYTES

    @property
    def is_malformed(self) -> bool:
        """Whether this is the beginning of something else than a request."""
        line_end = self._received.find(b"\n", 0, 8192)
        has_bare_lf = line_end >= 0 and self._received[max(0, line_end - 1)] != ord("\r")
        return bool(self) and (not _FIRST_BYTES.match(self._received) or has_bare_lf)

    @property
    def is_login(self) -> bool:
        """Whether this may be a login, under whatever path the server is reached."""
        line, _, _ = self._received.partition(b"\n")
        return bool(_LOGIN.match(unquote_to_bytes(bytes(line))))

    @property
    def is_complete(self) -> bool:
        """Whether the head is here, with the body if that is small."""
        if self._size is None:
            end = self._received.find(b"\r\n\r\n", max(0, self._searched - 3))
            self._searched = len(self._received)
            if end < 0:
                return False
            self._size = self._find_size(end + 2)
        return len(self._received) >= self._size

    def invitation(self) -> bytes:
        """Return what a client has to be told before it sends its small body, if anything, once."""
        is_awaited, self._is_awaited = self._is_awaited, False
        return CONTINUE if is_awaited and not self.is_complete else b""

    def _find_size(self, head_bytes: int) -> int:
        """Return the size with a small body, also that of a client which waits before it sends it.

        Such a client is told here, and not in a thread that would wait for it.
        """
        head = bytes(self._received[:head_bytes])
        size = _small_body_bytes(head)
        expectless = _EXPECT_CONTINUE.sub(b"", head) if size else head
        if _EXPECT.search(expectless):
            return head_bytes + 2
        self._received[:head_bytes] = expectless
        self._is_awaited = expectless != head and b" HTTP/1.0\r\n" not in head
        return len(expectless) + 2 + size


def _small_body_bytes(head: bytes) -> int:
    """Return how many bytes of body to wait for; 0 if it is large."""
    lengths = _CONTENT_LENGTH.findall(head)
    if len(lengths) != 1:
        return 0
    size = int(lengths[0])
    return size if size <= MAX_BODY_BYTES else 0
