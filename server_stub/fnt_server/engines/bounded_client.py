"""The HTTP client of the model services: what a response may take, in bytes and in time."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any, Final

import httpx2

MAX_RESPONSE_BYTES: Final = 4 << 20
"""Unpacked; an honest one has some 20 KB."""
MAX_REDIRECTS: Final = 3
_OF_THE_BODY_AS_SENT: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class BoundedClient(httpx2.Client):
    """Reads responses whole, or raises ReadError: its own timeout is for each read, not for all."""

    def __init__(self, *, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, follow_redirects=False)
        self._timeout_s = timeout_s

    def send(
        self, request: httpx2.Request, *, stream: bool = False, **options: Any
    ) -> httpx2.Response:
        """Send a request; see `httpx2.Client`."""
        ends_at = time.monotonic() + self._timeout_s
        response = super().send(request, stream=True, **options)
        for _ in range(MAX_REDIRECTS):
            if not _is_within_service(response):
                break
            response.close()
            request = response.next_request or request
            response = super().send(request, stream=True, **options)
        if stream:
            return response
        content = bytearray()
        with closing(response):
            for part in response.iter_bytes():
                content += part
                if len(content) > MAX_RESPONSE_BYTES or time.monotonic() > ends_at:
                    raise httpx2.ReadError("the response is too long", request=request)
        headers = response.headers.multi_items()
        return httpx2.Response(
            response.status_code,
            headers=[(name, value) for name, value in headers if name not in _OF_THE_BODY_AS_SENT],
            content=bytes(content),
            request=request,
        )


def _is_within_service(response: httpx2.Response) -> bool:
    """Return whether a response only redirects to another path: others get neither key nor book."""
    following = response.next_request
    return (
        following is not None
        and following.method == response.request.method
        and _origin(following.url) == _origin(response.request.url)
    )


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
