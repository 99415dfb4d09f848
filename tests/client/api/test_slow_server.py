import socket

import httpcore
import pytest

from fnt.api.http_timeouts import SIGNAL_CHECK_S
from fnt.api.slow_server import _Stream


class Recorded(httpcore.NetworkStream):
    """A real socket, read as the library reads it; notes the time limit of each read."""

    def __init__(self, sock: socket.socket) -> None:
        self.limits_s: list[float] = []
        self._sock = sock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        assert timeout is not None
        self.limits_s.append(timeout)
        self._sock.settimeout(timeout)
        try:
            return self._sock.recv(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error


@pytest.mark.slow
def test_no_read_blocks_for_longer_than_a_signal_may_wait() -> None:
    near, far = socket.socketpair()
    with near, far:
        recorded = Recorded(near)
        with pytest.raises(httpcore.ReadTimeout):
            _Stream(recorded).read(100, timeout=2.2 * SIGNAL_CHECK_S)
        far.send(b"late")
        assert _Stream(recorded).read(100, timeout=None) == b"late"

    assert len(recorded.limits_s) > 2
    assert max(recorded.limits_s) == SIGNAL_CHECK_S
