"""Pages as bytes, to hand them from one pipeline process to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from fnt_server.pipeline.layout.geometry import Page

_PAGES: Final = msgspec.msgpack.Decoder(list[Page])


def pack_pages(pages: Sequence[Page]) -> bytes:
    """Return the pages as bytes; numbers keep every digit."""
    return msgspec.msgpack.encode(pages)


def unpack_pages(packed: bytes) -> list[Page]:
    """Return the pages; none if these bytes hold none."""
    try:
        return _PAGES.decode(packed)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return []
