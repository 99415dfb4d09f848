"""`fnt login`, `logout`, `whoami`."""

from __future__ import annotations

import pytest

from fnt.config.credentials import Tokens
from fnt.errors import AuthError, UsageError
from world import TOKENS, FakeStore, World, make_terminal


def test_login_by_email_prompts_on_a_terminal() -> None:
    world = World(terminal=make_terminal(tty=True, secret="secret"))

    result = world.invoke("login", "--email", "me@x.org")

    assert result.exit_code == 0
    assert world.api.calls == [("login", "me@x.org", "secret")]
    assert world.store.saved == [(TOKENS, False)]
    assert "secret" not in world.err + world.out


def test_login_reads_the_password_from_a_script() -> None:
    world = World(terminal=make_terminal(stdin="secret\r\nmore\n"))

    result = world.invoke("login", "--email", "me@x.org", "--password-stdin", "--insecure-storage")

    assert result.exit_code == 0
    assert world.store.saved == [(TOKENS, True)]
    assert "token saved in the keyring" in world.err
    assert world.out == ""


@pytest.mark.parametrize(
    ("args", "stdin"),
    [
        ([], ""),
        (["--email", "me@x.org"], ""),
        (["--password-stdin"], "secret\n"),
        (["--email", "me@x.org", "--password-stdin"], "\n"),
        (["--email", "me@x.org", "--with-token"], "fnt_x\n"),
        (["--web", "--with-token"], "fnt_x\n"),
        (["--web", "--email", "me@x.org", "--password-stdin"], "secret\n"),
        (["--check", "--web"], ""),
        (["--check", "--with-token"], "fnt_x\n"),
        (["--check", "--insecure-storage"], ""),
    ],
)
def test_login_that_cannot_be(args: list[str], stdin: str) -> None:
    world = World(terminal=make_terminal(stdin=stdin))

    assert isinstance(world.invoke("login", *args).exception, UsageError)
    assert world.api.calls == []


@pytest.mark.parametrize(
    ("args", "stdin"),
    [
        (["--web"], ""),
        (["--email", "me@x.org", "--password-stdin"], "secret\n"),
        (["--with-token"], "fnt_x\n"),
    ],
)
def test_login_is_refused_if_it_could_not_be_stored(args: list[str], stdin: str) -> None:
    world = World(terminal=make_terminal(stdin=stdin))
    world.store.has_place = False

    assert isinstance(world.invoke("login", *args).exception, UsageError)
    assert world.api.calls == []


def test_a_login_that_is_not_kept_after_all_is_ended() -> None:
    world = World(terminal=make_terminal(stdin="secret\n"))
    world.store.is_forgetful = True

    result = world.invoke("login", "--email", "me@x.org", "--password-stdin")

    assert isinstance(result.exception, UsageError)
    assert world.api.calls == [("login", "me@x.org", "secret"), ("logout", False)]
    assert world.connected_to[-1].token == TOKENS.access_token


def test_login_keeps_a_personal_token_the_server_accepts() -> None:
    world = World(terminal=make_terminal(stdin="fnt_secret\r\nmore\n"))

    assert world.invoke("login", "--with-token").exit_code == 0

    assert world.store.saved == [(Tokens.personal("fnt_secret", email="me@x.org"), False)]
    assert "fnt_secret" in [settings.token for settings in world.connected_to]
    assert "fnt_secret" not in world.err + world.out


def test_login_keeps_no_token_that_is_refused() -> None:
    world = World(terminal=make_terminal(stdin="fnt_wrong\n"))
    world.api.is_logged_in = False

    result = world.invoke("login", "--with-token")

    assert isinstance(result.exception, AuthError)
    assert world.store.saved == []


@pytest.mark.parametrize("stdin", ["", "\n", "two words\n", "é\n", "x" * 5000])
def test_login_takes_only_what_can_be_a_token(stdin: str) -> None:
    world = World(terminal=make_terminal(stdin=stdin))

    assert isinstance(world.invoke("login", "--with-token").exception, UsageError)
    assert world.connected_to == []


@pytest.mark.parametrize("is_logged_in", [True, False])
def test_login_check_reports_and_changes_nothing(is_logged_in: bool) -> None:
    world = World()
    world.api.is_logged_in = is_logged_in

    result = world.invoke("login", "--check")

    assert (result.exception is None) is is_logged_in
    assert isinstance(result.exception, AuthError | None)
    assert world.store.saved == []


def test_whoami_by_a_personal_token_kept_here() -> None:
    world = World(store=FakeStore(Tokens.personal("fnt_x", email="me@x.org")))

    world.invoke("whoami")

    assert world.out.splitlines()[-1] == "token    the keyring"
    assert "until" not in world.out
    assert "fnt_x" not in world.out


def test_a_wrong_password_keeps_nothing() -> None:
    world = World(terminal=make_terminal(stdin="wrong\n"))

    result = world.invoke("login", "--email", "me@x.org", "--password-stdin")

    assert isinstance(result.exception, AuthError)
    assert world.store.saved == []


def test_login_warns_if_another_token_takes_precedence() -> None:
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
        "until    2026-03-01T12:00:00.000Z (renews automatically)",
        "token    the keyring",
    ]


def test_whoami_by_a_token_of_the_environment() -> None:
    world = World(store=FakeStore(None), environ={"FNT_TOKEN": "fnt_x"})

    world.invoke("whoami")

    assert world.out.splitlines()[-1] == "token    FNT_TOKEN"
    assert "fnt_x" not in world.out
