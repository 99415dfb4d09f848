"""Who is asking: logins, refresh families, personal tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fnt.wire.error_codes import ErrorCode
from fnt_server.auth import logins, users
from fnt_server.auth.logins import Authenticator, Identity
from fnt_server.auth.password_rule import password_problem
from fnt_server.auth.tokens import (
    TokenPair,
    TokenProblem,
    TokenSigner,
)
from fnt_server.auth.users import AccountError
from fnt_server.config.token_lifetimes import LOGIN_TTL_S, REPLAY_WINDOW_S
from fnt_server.db.connection import Database
from fnt_server.db.models import AccessToken, Login, User
from fnt_server.web.janitor import delete_ended_logins
from server.aging import make_older
from server.records import CHEAP_HASHER, at_once, fetch, make_job

KEY = b"k" * 32
EMAIL, PASSWORD = "ann@example.org", "correct horse"
WEEK_S = 7 * 86400


@pytest.fixture(scope="module")
def password_hash() -> str:
    """The password as it is kept."""
    return CHEAP_HASHER.hash(PASSWORD)


@pytest.fixture
def deployment(database: Database, password_hash: str) -> Authenticator:
    user = User(email=EMAIL, name="ann", password_hash=password_hash, created_at=1.0)
    with database.write() as session:
        session.add(user)
    return Authenticator(database, TokenSigner(KEY), access_ttl_s=900)


@pytest.fixture
def pair(deployment: Authenticator) -> TokenPair:
    return log_in(deployment)


def log_in(deployment: Authenticator) -> TokenPair:
    pair = deployment.log_in(EMAIL, PASSWORD)
    assert pair is not None
    return pair


def refusal(act: Callable[[], object]) -> ErrorCode:
    with pytest.raises(TokenProblem) as problem:
        act()
    return problem.value.code


@pytest.mark.parametrize("email", [EMAIL, "ANN@Example.ORG", f"  {EMAIL} "])
def test_log_in_folds_the_address(deployment: Authenticator, email: str) -> None:
    pair = deployment.log_in(email, PASSWORD)

    assert pair is not None
    assert deployment.identify(pair.access_token).user_id == pair.user.id


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "wrong"),
        (EMAIL, ""),
        (EMAIL, "\ud800"),
        ("nobody@example.org", PASSWORD),
        ("ann@example.org\0", PASSWORD),
        ("ann\ud800@example.org", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ],
)
def test_log_in_with_anything_else_is_none(
    deployment: Authenticator, email: str, password: str
) -> None:
    assert deployment.log_in(email, password) is None


@pytest.mark.parametrize("what", ["passwd", "remove"])
def test_log_in_with_a_password_that_is_just_being_changed_opens_nothing(
    deployment: Authenticator, database: Database, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    compare = logins.is_password

    def compare_and_lose(password_hash: str, password: str) -> bool:
        is_right = compare(password_hash, password)
        if what == "passwd":
            users.set_password(database, EMAIL, "another password")
        else:
            users.remove_user(database, EMAIL)
        return is_right

    monkeypatch.setattr(logins, "is_password", compare_and_lose)

    assert deployment.log_in(EMAIL, PASSWORD) is None


def test_refresh_gives_a_new_pair_and_the_old_access_token_lives_on(
    deployment: Authenticator, pair: TokenPair
) -> None:
    newer = deployment.refresh(pair.refresh_token)

    assert newer.refresh_token != pair.refresh_token
    assert (
        deployment.identify(newer.access_token).login_id
        == deployment.identify(pair.access_token).login_id
    )


def test_refresh_at_once_gives_the_same_successor(
    deployment: Authenticator, pair: TokenPair
) -> None:
    pairs = at_once([lambda: deployment.refresh(pair.refresh_token)] * 8)

    assert len({each.refresh_token for each in pairs}) == 1
    assert deployment.refresh(pairs[0].refresh_token)


def test_refresh_of_an_old_token_after_the_window_kills_the_family(
    deployment: Authenticator, pair: TokenPair, database: Database
) -> None:
    newer = deployment.refresh(pair.refresh_token)
    make_older(database, Login.rotated_at, seconds=REPLAY_WINDOW_S + 1)

    assert refusal(lambda: deployment.refresh(pair.refresh_token)) is ErrorCode.TOKEN_INVALID
    assert refusal(lambda: deployment.refresh(newer.refresh_token)) is ErrorCode.TOKEN_INVALID
    assert refusal(lambda: deployment.identify(newer.access_token)) is ErrorCode.TOKEN_INVALID


def test_refresh_of_a_token_two_turns_old_kills_the_family(
    deployment: Authenticator, pair: TokenPair
) -> None:
    newest = deployment.refresh(deployment.refresh(pair.refresh_token).refresh_token)

    assert refusal(lambda: deployment.refresh(pair.refresh_token)) is ErrorCode.TOKEN_INVALID
    assert refusal(lambda: deployment.identify(newest.access_token)) is ErrorCode.TOKEN_INVALID


def test_refresh_ends_with_its_family(
    deployment: Authenticator, pair: TokenPair, database: Database
) -> None:
    make_older(database, Login.ends_at, seconds=LOGIN_TTL_S)

    assert refusal(lambda: deployment.refresh(pair.refresh_token)) is ErrorCode.TOKEN_INVALID
    assert refusal(lambda: deployment.identify(pair.access_token)) is ErrorCode.TOKEN_INVALID


def test_a_family_dies_alone(deployment: Authenticator, pair: TokenPair) -> None:
    other = log_in(deployment)

    deployment.log_out(deployment.identify(pair.access_token), everywhere=False)

    assert refusal(lambda: deployment.identify(pair.access_token)) is ErrorCode.TOKEN_INVALID
    assert refusal(lambda: deployment.refresh(pair.refresh_token)) is ErrorCode.TOKEN_INVALID
    assert deployment.identify(other.access_token)


def test_log_out_everywhere_ends_all_logins_of_the_user_alone(
    deployment: Authenticator, pair: TokenPair, database: Database
) -> None:
    users.add_user(database, "bob@example.org", PASSWORD)
    other, theirs = log_in(deployment), deployment.log_in("bob@example.org", PASSWORD)
    token = users.make_personal_token(database, EMAIL, days=1)
    bobs = users.make_personal_token(database, "bob@example.org", days=1)
    assert theirs is not None

    deployment.log_out(deployment.identify(pair.access_token), everywhere=True)

    for ended in (pair, other):
        assert (
            refusal(lambda t=ended: deployment.identify(t.access_token)) is ErrorCode.TOKEN_INVALID
        )
    assert refusal(lambda: deployment.identify(token)) is ErrorCode.TOKEN_INVALID
    assert deployment.identify(theirs.access_token)
    assert deployment.identify(bobs)


def test_a_new_password_ends_all_logins(
    deployment: Authenticator, pair: TokenPair, database: Database
) -> None:
    users.set_password(database, EMAIL, "another horse")

    assert refusal(lambda: deployment.refresh(pair.refresh_token)) is ErrorCode.TOKEN_INVALID
    assert deployment.log_in(EMAIL, PASSWORD) is None
    assert deployment.log_in(EMAIL, "another horse")


@pytest.mark.parametrize("token", ["", "fnt_", "fnt_x", "fnt_\ud800", "x.y.z", "\0", "é"])
def test_identify_refuses_nonsense(deployment: Authenticator, token: str) -> None:
    assert refusal(lambda: deployment.identify(token)) is ErrorCode.TOKEN_INVALID


def test_a_personal_token_identifies_until_it_ends(
    deployment: Authenticator, database: Database
) -> None:
    token = users.make_personal_token(database, EMAIL, days=90)
    identity = deployment.identify(token)
    assert (identity.login_id, deployment.get_user(identity.user_id).email) == (None, EMAIL)

    make_older(database, AccessToken.ends_at, seconds=91 * 86400)

    assert refusal(lambda: deployment.identify(token)) is ErrorCode.TOKEN_EXPIRED
    assert refusal(lambda: deployment.refresh(token)) is ErrorCode.TOKEN_INVALID


def test_secrets_are_stored_hashed(deployment: Authenticator, database: Database) -> None:
    token = users.make_personal_token(database, EMAIL, days=1)

    with database.read() as session:
        kept = session.query(User).one().password_hash, session.query(AccessToken).one().token_hash

    assert kept[0].startswith("$argon2id$")
    assert token not in kept[1]


def test_still_valid_tells_which_identities_have_ended(
    deployment: Authenticator, pair: TokenPair, database: Database
) -> None:
    by_login, by_token = (
        deployment.identify(pair.access_token),
        deployment.identify(users.make_personal_token(database, EMAIL, days=1)),
    )
    expired = Identity(user_id=1, login_id=by_login.login_id, token_id=None, ends_at=1.0)
    unknown = Identity(user_id=1, login_id="x", token_id=None, ends_at=9e9)
    assert deployment.still_valid({by_login, by_token, expired, unknown}) == {by_login, by_token}

    deployment.log_out(by_login, everywhere=False)

    assert deployment.still_valid({by_login, by_token}) == {by_token}


@pytest.mark.parametrize("email", ["", "ann", "a@b@c", "a b@c", "a@b\n", "a\0@b", "\ud800@b"])
def test_add_user_refuses_what_is_no_address(database: Database, email: str) -> None:
    with pytest.raises(AccountError):
        users.add_user(database, email, PASSWORD)


def test_add_user_refuses_a_taken_address_and_a_short_password(
    deployment: Authenticator, database: Database
) -> None:
    with pytest.raises(AccountError, match="exists"):
        users.add_user(database, EMAIL.upper(), PASSWORD)
    with pytest.raises(AccountError, match="10 to 1024"):
        users.add_user(database, "bob@example.org", "k7#mQ2!xz")
    assert [user.email for user in users.list_users(database)] == [EMAIL]


@pytest.mark.parametrize(
    "password",
    ["1234567890", "qwertyuiop", "password123", "Motdepasse1", "aaaaaaaaaaaa", "bobby-tables"],
)
def test_a_new_password_is_not_a_common_one(
    deployment: Authenticator, database: Database, password: str
) -> None:
    with pytest.raises(AccountError, match="too easy to guess"):
        users.add_user(database, "bobby-tables@example.org", password)
    with pytest.raises(AccountError, match="too easy to guess"):
        users.set_password(database, "bobby-tables@example.org", password)


def test_a_long_password_is_judged_in_short_time() -> None:
    assert password_problem("4@8({[<361!|790$5+7%2" * 48, email="a@b") is None


def test_remove_user_takes_everything_with_it(
    deployment: Authenticator, pair: TokenPair, database: Database
) -> None:
    token = users.make_personal_token(database, EMAIL, days=1)
    job_id = make_job(database, pair.user.id).id

    users.remove_user(database, EMAIL)

    for each in (pair.access_token, token):
        assert refusal(lambda t=each: deployment.identify(t)) is ErrorCode.TOKEN_INVALID
    with pytest.raises(Exception, match="No row"):
        fetch(database, job_id)
    with pytest.raises(AccountError, match="not found"):
        users.remove_user(database, EMAIL)


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_make_personal_token_refuses_odd_lifetimes(
    deployment: Authenticator, database: Database, days: int
) -> None:
    with pytest.raises(AccountError, match="1 to 3650"):
        users.make_personal_token(database, EMAIL, days=days)


def test_delete_ended_logins_keeps_the_living(
    deployment: Authenticator, pair: TokenPair, database: Database
) -> None:
    deployment.log_out(deployment.identify(pair.access_token), everywhere=False)
    make_older(database, Login.revoked_at, seconds=WEEK_S + 1)
    living = log_in(deployment)
    users.make_personal_token(database, EMAIL, days=1)
    make_older(database, AccessToken.ends_at, seconds=WEEK_S + 2 * 86400)

    delete_ended_logins(database)

    assert deployment.identify(living.access_token)
    with database.read() as session:
        assert session.query(Login).count() == 1
        assert session.query(AccessToken).count() == 0
