"""HTTP requests to one origin, with size and time limits, retries, and no redirects."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, TypeVar
from urllib.request import getproxies

import httpx

from fnt import __version__
from fnt.api.body import ACCEPT_ENCODING, LimitedTransport
from fnt.api.errors import error_of, translated
from fnt.api.http_timeouts import MAX_ANSWER_S, TIMEOUT
from fnt.api.retry import Retry
from fnt.api.slow_server import refuse_slow_servers
from fnt.config.settings.proxy import find_proxy
from fnt.errors import FntError, ProtocolError, TemporaryError, UsageError
from fnt.wire.structs import WireError, WireStruct

T = TypeVar("T", bound=WireStruct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response with its complete body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def object(self) -> dict[str, Any]:
        """Return the body as a JSON object; raises ProtocolError if it is not one."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise ProtocolError(
                "the server's response is not JSON", hint="is there an fnt-server at this URL?"
            ) from error
        if not isinstance(value, dict):
            raise ProtocolError("the server's response is not a JSON object")
        return value

    def read(self, kind: type[T]) -> T:
        """Return the body as a struct; raises ProtocolError if it is not one."""
        return read_struct(kind, self.object())


def read_struct(kind: type[T], payload: object) -> T:
    """Convert a JSON value; raises ProtocolError naming the field that is missing or wrong."""
    try:
        return kind.from_wire(payload)
    except WireError as error:
        raise ProtocolError(f"the server's answer is not {kind.described}: {error}") from error


class Channel:
    """An HTTP connection pool for one server."""

    def __init__(
        self,
        server: str,
        *,
        auth: httpx.Auth | None,
        transport: httpx.BaseTransport | None,
        verify: SSLContext | bool,
        retry: Retry,
        require_server: Callable[[], None],
    ) -> None:
        """Take a function, called before each request but probes, that may raise FntError."""
        self._server = server
        self._require_server = require_server
        self._retry = retry
        try:
            self._http = httpx.Client(
                base_url=server,
                auth=auth,
                transport=LimitedTransport(transport or _transport(server, verify)),
                timeout=TIMEOUT,
                follow_redirects=False,
                headers={"User-Agent": f"fnt/{__version__}", "Accept-Encoding": ACCEPT_ENCODING},
            )
        except (ImportError, ValueError, httpx.InvalidURL) as error:  # invalid proxy URL
            raise UsageError(
                "invalid proxy setting in the environment",
                hint="HTTPS_PROXY, HTTP_PROXY and ALL_PROXY must be http://host:port",
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        retry: Retry | None = None,
        on_retry_accept: type[FntError] | None = None,
        accepts: int | None = None,
        **options: Any,
    ) -> Response:
        """Send a request, with retries, and return its response.

        `on_retry_accept` is the error that, on a retry, means the first attempt succeeded.
        `accepts` is an error status to return instead of raising. Raises FntError for any other
        error status and for a failed connection.
        """
        policy = retry or self._retry
        started_at, failures = policy.clock(), 0
        while True:
            try:
                return self._call_once(method, path, options, accepts=accepts)
            except FntError as error:
                if failures and on_retry_accept and isinstance(error, on_retry_accept):
                    return Response(status=httpx.codes.NO_CONTENT, body=b"")
                failures += 1
                is_transient = isinstance(error, TemporaryError)
                if not is_transient or not policy.wait(error, failures, started_at=started_at):
                    raise

    def probe(self, path: str, **options: Any) -> Response:
        """Send one request on a new connection and return the response, even an error response."""
        headers = {"Connection": "close", **options.pop("headers", {})}
        with self._sent("GET", path, {"headers": headers, **options}) as response:
            return self._whole(response)

    @contextmanager
    def open(self, method: str, path: str, **options: Any) -> Iterator[Iterator[bytes]]:
        """Stream the body of a response as blocks of bytes; raises FntError for an error status."""
        with self._sent(method, path, options) as response:
            self._raise_for_error(response)
            yield self._pieces(response)

    def _call_once(
        self, method: str, path: str, options: dict[str, Any], *, accepts: int | None
    ) -> Response:
        self._require_server()
        with self._sent(method, path, options) as response:
            if response.status_code != accepts:
                self._raise_for_error(response)
            return self._whole(response)

    @contextmanager
    def _sent(self, method: str, path: str, options: dict[str, Any]) -> Iterator[httpx.Response]:
        options = dict(options)
        auth = None if options.pop("is_open", False) else httpx.USE_CLIENT_DEFAULT
        try:
            request = self._http.build_request(method, path, **options)
            response = self._http.send(request, auth=auth, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise translated(error, server=self._server) from error
        try:
            yield response
        finally:
            response.close()

    def _raise_for_error(self, response: httpx.Response) -> None:
        is_unchanged = (
            response.status_code == httpx.codes.NOT_MODIFIED
            and "If-None-Match" in response.request.headers
        )
        if not (response.is_success or is_unchanged):
            raise error_of(response, self._read(response))

    def _whole(self, response: httpx.Response) -> Response:
        return Response(
            status=response.status_code, headers=response.headers, body=self._read(response)
        )

    def _read(self, response: httpx.Response) -> bytes:
        began_at = time.monotonic()
        body = bytearray()
        for piece in self._pieces(response):
            body += piece
            if time.monotonic() - began_at > MAX_ANSWER_S:
                raise TemporaryError(f"{self._server} is too slow", code="TIMEOUT")
        return bytes(body)

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        try:
            yield from response.iter_bytes(64 * 1024)
        except httpx.HTTPError as error:
            raise translated(error, server=self._server) from error


def _transport(server: str, verify: SSLContext | bool) -> httpx.BaseTransport:
    """Return connections of their own, as the library's environment reads NO_PROXY differently."""
    found = find_proxy(getproxies(), server=server)
    proxy = None if found is None else httpx.Proxy(found.url, auth=found.auth)
    transport = httpx.HTTPTransport(verify=verify, proxy=proxy, trust_env=False)
    return refuse_slow_servers(transport)
