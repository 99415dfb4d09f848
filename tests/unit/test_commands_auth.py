"""`fnt login`, `logout`, `whoami`."""

from __future__ import annotations

import pytest

from fnt.errors import AuthError, UsageError
from world import TOKENS, FakeStore, World, make_terminal


def test_login_asks_where_somebody_answers() -> None:
    world = World(terminal=make_terminal(tty=True, stdin="me@x.org\n", secret="secret"))

    result = world.invoke("login")

    assert result.exit_code == 0
    assert world.api.calls == [("login", "me@x.org", "secret")]
    assert world.store.saved == [(TOKENS, False)]
    assert "secret" not in world.err + world.out


def test_login_reads_the_password_from_a_script() -> None:
    world = World(terminal=make_terminal(stdin="secret\r\nmore\n"))

    result = world.invoke("login", "--email", "me@x.org", "--password-stdin", "--insecure-storage")

    assert result.exit_code == 0
    assert world.store.saved == [(TOKENS, True)]
    assert "token kept in the keyring" in world.err
    assert world.out == ""


@pytest.mark.parametrize(
    ("args", "stdin"),
    [
        ([], ""),
        (["--email", "me@x.org"], ""),
        (["--password-stdin"], "secret\n"),
        (["--email", "me@x.org", "--password-stdin"], "\n"),
    ],
)
def test_login_that_cannot_be(args: list[str], stdin: str) -> None:
    world = World(terminal=make_terminal(stdin=stdin))

    assert isinstance(world.invoke("login", *args).exception, UsageError)
    assert world.api.calls == []


def test_a_wrong_password_keeps_nothing() -> None:
    world = World(terminal=make_terminal(stdin="wrong\n"))

    result = world.invoke("login", "--email", "me@x.org", "--password-stdin")

    assert isinstance(result.exception, AuthError)
    assert world.store.saved == []


def test_login_says_when_another_token_goes_before_it() -> None:
    world = World(terminal=make_terminal(stdin="secret\n"), environ={"FNT_TOKEN": "fnt_x"})

    world.invoke("login", "--email", "me@x.org", "--password-stdin")

    assert "FNT_TOKEN is set" in world.err


@pytest.mark.parametrize(("args", "everywhere"), [([], False), (["--all"], True)])
def test_logout_ends_the_login_on_both_sides(args: list[str], everywhere: bool) -> None:
    world = World()

    assert world.invoke("logout", *args).exit_code == 0

    assert world.api.calls == [("logout", everywhere)]
    assert world.store.tokens is None


def test_logout_forgets_a_login_the_server_has_ended() -> None:
    world = World()
    world.api.is_logged_in = False

    assert world.invoke("logout").exit_code == 0
    assert world.store.tokens is None
    assert "not logged in" in world.err


def test_whoami() -> None:
    world = World()

    assert world.invoke("whoami").exit_code == 0

    assert world.out.splitlines() == [
        "email    me@x.org",
        "name     Me",
        "server   https://books.example.org",
        "until    2026-03-01T12:00:00.000Z, renewed by itself",
        "token    the keyring",
    ]


def test_whoami_by_a_token_of_the_environment() -> None:
    world = World(store=FakeStore(None), environ={"FNT_TOKEN": "fnt_x"})

    world.invoke("whoami")

    assert world.out.splitlines()[-1] == "token    FNT_TOKEN"
    assert "fnt_x" not in world.out
