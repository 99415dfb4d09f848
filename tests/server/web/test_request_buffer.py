"""What a request is known for before it is parsed."""

from __future__ import annotations

import pytest

from fnt.wire import paths
from fnt_server.web.request_buffer import RequestBuffer


@pytest.mark.parametrize(
    "target",
    [
        paths.LOGIN,
        paths.PASSWORD,
        paths.DEVICE_CODE,
        paths.DEVICE_TOKEN,
        paths.DEVICE_PAGE,
        "/fnt" + paths.LOGIN,
        "/api/v1/%61uth/login",
        "/api/v1/auth%2Flogin",
        "/%64evice",
        "http://host" + paths.LOGIN,
    ],
)
def test_a_login_is_known_under_every_spelling_of_its_path(target: str) -> None:
    request = RequestBuffer(f"\r\nPOST {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())

    assert request.is_login


@pytest.mark.parametrize(
    "line",
    [
        f"GET {paths.HEALTH}",
        f"GET {paths.ME}",
        f"POST {paths.CONFIRM}",
        f"POST {paths.UPLOAD}",
        f"POST {paths.job(7, 'cancel')}",
        "POST /socket.io/?EIO=4&transport=polling",
    ],
)
def test_other_requests_are_no_logins(line: str) -> None:
    head = f"{line} HTTP/1.1\r\nHost: localhost\r\nReferer: http://x/auth/login\r\n\r\n"

    assert not RequestBuffer(head.encode()).is_login
