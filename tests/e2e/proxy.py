"""A TCP proxy between client and server that can do to a connection what networks do."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SOCKET_MARK = b"/socket.io/"


@dataclass(slots=True)
class Faults:
    """What is wrong at the moment; changed from the test's thread, read for every block."""

    refuse: bool = False
    """Accept nothing: every new connection is reset at once."""
    refuse_websocket: bool = False
    """Reset every connection whose first bytes ask for the socket."""
    black_hole: bool = False
    """Take all bytes in both directions and pass none on."""
    delay_s: float = 0.0
    """Before every block, in both directions."""
    answer_delay_s: float = 0.0
    """Before every block from the server."""
    cut_after_bytes: int | None = None
    """Reset a connection once so many bytes came from the server."""
    tunnels: bool = False
    """Be a proxy of HTTP: answer CONNECT, whatever name it asks for, then pass on."""


class FaultProxy:
    """Listens on a free loopback port and passes on to `port`, through `faults`."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.faults = Faults()
        self.bytes_down = 0
        self.bytes_up = 0
        self.connections = 0
        self.asked_for: list[bytes] = []
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(5)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def aim(self, port: int) -> None:
        """Send new connections to another port."""
        self._target = port

    def reset_all(self) -> None:
        """Reset every connection that is open now."""
        self._loop.call_soon_threadsafe(self._reset_now)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        self._reset_now()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _reset_now(self) -> None:
        for writer in list(self._writers):
            _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            if self.faults.refuse:
                return
            head = await reader.read(65536)
            if self.faults.tunnels and head.startswith(b"CONNECT "):
                self.asked_for.append(head)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                head = await reader.read(65536)
            if self.faults.refuse_websocket and SOCKET_MARK in head.split(b"\r\n")[0]:
                return
            await self._pass_on(head, reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            _reset(writer)

    async def _pass_on(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(up_writer)
        try:
            await self._forward(head, up_writer, is_down=False)
            await _first_done(
                self._pump(reader, up_writer, is_down=False),
                self._pump(up_reader, writer, is_down=True),
            )
        finally:
            self._writers.discard(up_writer)
            _reset(up_writer)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_down: bool
    ) -> None:
        seen = 0
        while block := await reader.read(65536):
            seen += len(block)
            limit = self.faults.cut_after_bytes
            if is_down and limit is not None and seen > limit:
                return
            await self._forward(block, writer, is_down=is_down)
        if not self.faults.black_hole and writer.can_write_eof():
            with contextlib.suppress(OSError):
                writer.write_eof()
        await asyncio.sleep(0.2)

    async def _forward(self, block: bytes, writer: asyncio.StreamWriter, *, is_down: bool) -> None:
        delay_s = self.faults.delay_s + (self.faults.answer_delay_s if is_down else 0.0)
        if delay_s:
            await asyncio.sleep(delay_s)
        if self.faults.black_hole:
            return
        if is_down:
            self.bytes_down += len(block)
        else:
            self.bytes_up += len(block)
        writer.write(block)
        await writer.drain()


async def _first_done(*jobs: Any) -> None:
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(Exception):
        writer.transport.abort()


@contextlib.contextmanager
def proxied(port: int, *, tls: ssl.SSLContext | None = None) -> Iterator[FaultProxy]:
    """Run a proxy for as long as the block runs."""
    proxy = FaultProxy(port, tls=tls)
    try:
        yield proxy
    finally:
        proxy.close()
