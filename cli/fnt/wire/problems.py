"""What went wrong, in the shape that scripts read."""

from __future__ import annotations

from fnt.wire.structs import WireStruct


class Problem(WireStruct, frozen=True, kw_only=True):
    """Codes are stable, sentences are not."""

    code: str
    message: str
    hint: str | None = None
    retryable: bool = False
    request_id: str | None = None
