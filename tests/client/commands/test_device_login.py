"""`fnt login` in a browser: output, polling, and outcomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fnt.api.device import AuthorizationPending, DeviceGrant
from fnt.errors import AuthError, FntError, TemporaryError, UsageError
from fnt.output.browser import has_browser
from world import TOKENS, World, make_terminal

URL = "https://books.example.org/device"
GRANT = DeviceGrant(
    device_code="canary", user_code="BCDF-GHJK", url=URL, interval_s=5.0, expires_in_s=600.0
)
PENDING = AuthorizationPending.PENDING


def make_world(*polls: Any, tty: bool = True, grant: FntError | DeviceGrant = GRANT) -> World:
    world = World(terminal=make_terminal(tty=tty, stdin="me@x.org\n", secret="secret"))
    world.api.grant = grant
    world.api.polls = list(polls)
    return world


def waited_s(world: World) -> float:
    return sum(world.naps)


def test_login_on_a_terminal_shows_the_code_and_opens_the_page() -> None:
    world = make_world(PENDING, PENDING, TOKENS)

    assert world.invoke("login").exit_code == 0

    assert URL in world.err
    assert "BCDF-GHJK" in world.err
    assert world.opened == [URL]
    assert world.store.saved == [(TOKENS, False)]
    assert waited_s(world) == 15
    assert "logged in to https://books.example.org as me@x.org" in world.err
    assert "canary" not in world.err + world.out
    assert world.out == ""


def test_login_counts_down_on_a_terminal_and_cleans_up() -> None:
    world = make_world(PENDING, TOKENS)

    world.invoke("login")

    assert "code expires in 9:59" in world.err
    assert "\x1b[?25l" not in world.err  # the cursor stays


def test_login_without_terminal_does_not_prompt() -> None:
    world = make_world(TOKENS, tty=False)

    result = world.invoke("login")

    assert isinstance(result.exception, UsageError)
    assert "--web" in (result.exception.hint or "")
    assert world.api.calls == []


def test_login_with_no_input_does_not_prompt() -> None:
    world = make_world(TOKENS)

    assert isinstance(world.invoke("login", "--no-input").exception, UsageError)
    assert world.api.calls == []


def test_web_without_terminal_shows_the_code_in_lines() -> None:
    world = make_world(*[PENDING] * 20, TOKENS, tty=False)

    assert world.invoke("login", "--web").exit_code == 0

    assert URL in world.err
    assert "BCDF-GHJK" in world.err
    assert world.opened == []
    assert "\x1b" not in world.err + world.out
    assert world.err.count("code expires in") == 4  # at once, then every half minute of 105 s
    assert world.out == ""


def test_even_quietly_the_code_is_shown() -> None:
    world = make_world(TOKENS)

    world.invoke("login", "-q")

    assert "BCDF-GHJK" in world.err
    assert " left" not in world.err


def test_no_browser_is_opened_where_none_is() -> None:
    world = make_world(TOKENS)
    world.has_browser = False

    assert world.invoke("login", "--web").exit_code == 0
    assert world.opened == []


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "a"}, "linux", False),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", False),
    ],
)
def test_where_a_browser_would_be_seen(
    environ: dict[str, str], platform: str, expected: bool
) -> None:
    assert has_browser(environ, platform=platform) is expected


def test_slow_down_lengthens_the_polling_interval() -> None:
    world = make_world(
        AuthorizationPending.SLOW_DOWN, PENDING, AuthorizationPending.SLOW_DOWN, TOKENS
    )

    world.invoke("login")

    assert waited_s(world) == 5 + 10 + 10 + 15


def test_a_brief_network_failure_is_survived() -> None:
    gone = TemporaryError("the server cannot be reached")
    world = make_world(gone, gone, PENDING, TOKENS)

    assert world.invoke("login").exit_code == 0

    assert waited_s(world) == 5 + 10 + 20 + 5
    assert world.err.count("cannot be reached; retrying") == 1


def test_retry_after_is_honored_while_polling() -> None:
    world = make_world(TemporaryError("too many", retry_after_s=45.0), TOKENS)

    world.invoke("login")

    assert waited_s(world) == 5 + 45


def test_a_network_that_stays_away_is_temporary() -> None:
    world = make_world(TemporaryError("the server cannot be reached"))

    assert isinstance(world.invoke("login").exception, TemporaryError)
    assert waited_s(world) == pytest.approx(600)
    assert world.store.saved == []


def test_nobody_answers() -> None:
    world = make_world(PENDING)

    result = world.invoke("login")

    assert isinstance(result.exception, AuthError)
    assert result.exception.code == "EXPIRED_TOKEN"
    assert waited_s(world) == pytest.approx(600)


def test_a_refusal_ends_it_at_once() -> None:
    world = make_world(PENDING, AuthError("the login was refused", code="ACCESS_DENIED"))

    assert isinstance(world.invoke("login").exception, AuthError)
    assert waited_s(world) == 10
    assert world.store.saved == []


def test_ctrl_c_leaves_the_cursor() -> None:
    world = make_world(PENDING, KeyboardInterrupt())

    world.invoke("login")

    assert "\x1b[?25l" not in world.err
    assert world.store.saved == []


def test_an_older_server_is_logged_in_to_by_password() -> None:
    world = World(terminal=make_terminal(tty=True, stdin="me@x.org\n", secret="secret"))

    assert world.invoke("login").exit_code == 0

    assert world.api.calls == [("ask_device_login",), ("login", "me@x.org", "secret")]
    assert "does not support browser login" in world.err
    assert world.store.saved == [(TOKENS, False)]


def test_an_older_server_has_no_web() -> None:
    world = World(terminal=make_terminal(tty=True, stdin="me@x.org\n", secret="secret"))

    result = world.invoke("login", "--web")

    assert isinstance(result.exception, UsageError)
    assert "--email" in (result.exception.hint or "")


def test_error_codes_from_the_server_are_escaped() -> None:
    world = make_world(TOKENS, tty=False, grant=replace(GRANT, user_code="\x1b[2J\u202eBC"))

    world.invoke("login", "--web")

    assert "\\x1b[2J\\u202eBC" in world.err
