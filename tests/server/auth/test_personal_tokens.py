"""Personal tokens: names, last use, and what ends them."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from fnt_server.auth import personal_tokens, users
from fnt_server.auth.logins import Authenticator
from fnt_server.auth.personal_tokens import MAX_TOKENS, TokenRefused
from fnt_server.auth.tokens import TokenPair, TokenProblem, TokenSigner
from fnt_server.auth.users import AccountError
from fnt_server.db.connection import Database
from fnt_server.db.models import AccessToken
from server.aging import make_older
from server.records import at_once, make_password_user

EMAIL, PASSWORD = "ann@example.org", "correct horse"


@pytest.fixture
def authenticator(database: Database) -> Authenticator:
    make_password_user(database, EMAIL, PASSWORD)
    return Authenticator(database, TokenSigner(b"k" * 32), access_ttl_s=900)


@pytest.fixture
def pair(authenticator: Authenticator) -> TokenPair:
    pair = authenticator.log_in(EMAIL, PASSWORD)
    assert pair is not None
    return pair


def only_token(database: Database) -> AccessToken:
    (token,) = users.list_personal_tokens(database, EMAIL)
    return token


def test_a_use_is_written_once_a_minute(authenticator: Authenticator, database: Database) -> None:
    token = users.make_personal_token(database, EMAIL, days=1, name="ci")
    assert only_token(database).last_used_at is None

    authenticator.identify(token)
    first = only_token(database).last_used_at
    authenticator.identify(token)
    again = only_token(database).last_used_at

    assert first is not None
    assert first == again


def test_another_process_writes_a_use_only_when_the_last_is_old(
    authenticator: Authenticator, database: Database
) -> None:
    token = users.make_personal_token(database, EMAIL, days=1)
    others = [Authenticator(database, TokenSigner(b"k" * 32), access_ttl_s=900) for _ in range(2)]
    authenticator.identify(token)
    first = only_token(database).last_used_at
    others[0].identify(token)
    assert only_token(database).last_used_at == first

    make_older(database, AccessToken.last_used_at, seconds=61)
    others[1].identify(token)

    assert (only_token(database).last_used_at or 0) >= (first or 0)


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 61, "a\nb", "a\0b", "\x1b[2J", "\u202eb", "\ud800"]
)
def test_a_name_is_printable(database: Database, authenticator: Authenticator, name: str) -> None:
    with pytest.raises(AccountError, match="1 to 60 printable"):
        users.make_personal_token(database, EMAIL, days=1, name=name)


def test_tokens_are_limited_in_number(database: Database, authenticator: Authenticator) -> None:
    for _ in range(MAX_TOKENS):
        users.make_personal_token(database, EMAIL, days=1)
    with pytest.raises(AccountError, match="revoke one first"):
        users.make_personal_token(database, EMAIL, days=1)

    make_older(database, AccessToken.ends_at, seconds=2 * 86400)
    assert users.make_personal_token(database, EMAIL, days=1)


def test_tokens_made_at_once_are_limited_in_number(
    database: Database, authenticator: Authenticator, pair: TokenPair
) -> None:
    identity = authenticator.identify(pair.access_token)
    for _ in range(MAX_TOKENS - 1):
        users.make_personal_token(database, EMAIL, days=1)

    def make() -> bool:
        try:
            return bool(authenticator.create_personal_token(identity, name=None, days=1))
        except TokenRefused:
            return False

    assert at_once([make] * 8).count(True) == 1
    assert not make()


def test_a_token_of_another_user_cannot_be_revoked(
    database: Database, authenticator: Authenticator
) -> None:
    other = make_password_user(database, "bob@example.org", PASSWORD)
    token = users.make_personal_token(database, EMAIL, days=1)

    assert not personal_tokens.revoke(database, other, only_token(database).id)
    assert authenticator.identify(token)


def test_revoke_takes_a_name_or_the_start_of_an_id(
    database: Database, authenticator: Authenticator
) -> None:
    tokens = [
        users.make_personal_token(database, EMAIL, days=1, name=name) for name in ("ci", "ci", None)
    ]
    with pytest.raises(AccountError, match="not unique"):
        users.revoke_personal_token(database, EMAIL, "ci")
    for wanted in ("", "nobody", "\x1b[2J"):
        with pytest.raises(AccountError, match="not found"):
            users.revoke_personal_token(database, EMAIL, wanted)

    last = users.list_personal_tokens(database, EMAIL)[-1]
    users.revoke_personal_token(database, EMAIL, last.id[:12])

    assert len(users.list_personal_tokens(database, EMAIL)) == 2
    with pytest.raises(TokenProblem):
        authenticator.identify(tokens[2])


def test_a_login_that_is_ended_meanwhile_leaves_no_token(
    authenticator: Authenticator, pair: TokenPair, database: Database
) -> None:
    identity = authenticator.identify(pair.access_token)

    def create() -> None:
        for number in range(5):
            try:
                authenticator.create_personal_token(identity, name=f"t{number}", days=1)
            except (TokenProblem, TokenRefused):
                return

    at_once([create, lambda: authenticator.log_out(identity, everywhere=True)])

    assert users.list_personal_tokens(database, EMAIL) == []
    with pytest.raises(TokenProblem):
        authenticator.create_personal_token(identity, name="x", days=1)


def test_a_database_that_is_locked_delays_one_request_alone(
    authenticator: Authenticator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = users.make_personal_token(database, EMAIL, days=1)
    waits = []

    def locked() -> None:
        waits.append(1)
        raise OperationalError("", None, Exception("database is locked"))

    monkeypatch.setattr(database, "write", locked)

    assert authenticator.identify(token)
    assert authenticator.identify(token)
    assert len(waits) == 1
