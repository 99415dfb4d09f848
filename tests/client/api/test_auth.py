"""The token is added to requests, renewed once, and stored before it is used."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakes import SERVER, Script, json_response, refusal
from fnt.api.auth import BearerAuth, StaticAuth
from fnt.api.client import ApiClient
from fnt.api.retry import Retry
from fnt.config.credentials import CredentialStore, Tokens
from fnt.errors import AuthError, UsageError

NOW = 1000.0


def make_tokens(number, *, lifetime_s=900.0):
    return Tokens(
        access_token=f"a{number}",
        refresh_token=f"r{number}",
        expires_at=NOW + lifetime_s,
        email="a@b.fr",
    )


@pytest.fixture
def store(tmp_path):
    store = CredentialStore(origin=SERVER, config_dir=tmp_path, no_keyring=True)
    store.save(make_tokens(1), insecure_storage=True)
    return store


class Refresher:
    """Returns the next pair and records the old ones."""

    def __init__(self, *, lifetime_s=900.0, error=None):
        self.used = []
        self._lifetime_s = lifetime_s
        self._error = error

    def __call__(self, tokens):
        self.used.append(tokens.refresh_token)
        if self._error:
            raise self._error
        return make_tokens(len(self.used) + 1, lifetime_s=self._lifetime_s)


def make_auth(store, refresh=None):
    return BearerAuth(store=store, refresh=refresh or Refresher(), clock=lambda: NOW)


def me(auth, *answers):
    script = Script(*answers)
    retry = Retry(tries=1)
    with ApiClient(SERVER, auth=auth, transport=script.transport, retry=retry) as client:
        client.me()
    return script.tokens


def test_bearer_adds_the_stored_token(store):
    assert me(make_auth(store), json_response(200, {"email": "a@b.fr"})) == ["Bearer a1"]


def test_bearer_renews_a_refused_token_once(store):
    refresh = Refresher()

    sent = me(
        make_auth(store, refresh),
        refusal(401, "TOKEN_EXPIRED"),
        json_response(200, {"email": "a@b.fr"}),
    )

    assert sent == ["Bearer a1", "Bearer a2"]
    assert store.load() == make_tokens(2)


def test_bearer_gives_up_after_two_rejections(store):
    refresh = Refresher()

    with pytest.raises(AuthError) as caught:
        me(make_auth(store, refresh), refusal(401, "TOKEN_INVALID"))

    assert refresh.used == ["r1"]
    assert caught.value.hint == "run: fnt login"


def test_bearer_renews_before_the_token_expires(store):
    store.save(make_tokens(1, lifetime_s=29))
    auth = make_auth(store)

    assert auth.current_token() == "a2"
    assert auth.current_token() == "a2"


def test_bearer_short_lived_tokens_are_not_renewed_on_every_use(store):
    store.save(make_tokens(1, lifetime_s=5))
    refresh = Refresher(lifetime_s=20)
    auth = make_auth(store, refresh)

    assert [auth.current_token() for _ in range(3)] == ["a2"] * 3
    assert refresh.used == ["r1"]


def test_bearer_saves_before_it_uses(store):
    order = []
    save = store.save
    store.save = lambda *args, **named: (order.append("save"), save(*args, **named))

    def answer(request):
        order.append(request.headers["Authorization"])
        return (
            refusal(401, "TOKEN_EXPIRED")
            if len(order) == 1
            else json_response(200, {"email": "a@b.fr"})
        )

    me(make_auth(store), answer)

    assert order == ["Bearer a1", "save", "Bearer a2"]


def test_bearer_uses_a_token_another_process_renewed(store):
    refresh = Refresher()
    auth = make_auth(store, refresh)
    assert auth.current_token() == "a1"
    store.save(make_tokens(7))

    assert auth.renewed_token("a1") == "a7"
    assert refresh.used == []


def test_bearer_renews_once_for_many_threads(store):
    refresh = Refresher()
    auth = make_auth(store, refresh)
    start = threading.Barrier(8)

    def ask(_):
        start.wait(10)
        return auth.renewed_token("a1")

    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(ask, range(8)))

    assert tokens == {"a2"}
    assert refresh.used == ["r1"]


def test_bearer_expired_login_hints_at_logging_in(store):
    over = AuthError("your login has ended", hint="run: fnt login")

    with pytest.raises(AuthError) as caught:
        make_auth(store, Refresher(error=over)).renewed_token("a1")

    assert caught.value.hint == "run: fnt login"


def test_bearer_a_refused_personal_token_is_never_renewed(store):
    store.save(Tokens.personal("fnt_x", email="a@b.fr"))
    refresh = Refresher()

    with pytest.raises(AuthError) as caught:
        me(make_auth(store, refresh), refusal(401, "TOKEN_EXPIRED"))

    assert caught.value.hint.startswith("store a new one with: fnt login --with-token")
    assert refresh.used == []


def test_bearer_without_login(tmp_path):
    store = CredentialStore(origin=SERVER, config_dir=tmp_path, no_keyring=True)

    with pytest.raises(AuthError, match="not logged in") as caught:
        make_auth(store).current_token()

    assert caught.value.hint == "run: fnt login"


def test_bearer_uses_the_new_pair_even_if_saving_fails(store, caplog):
    def fail(*_args, **_named):
        raise UsageError("disk full")

    store.save = fail

    assert make_auth(store).renewed_token("a1") == "a2"
    assert "disk full" in caplog.text
    assert "a2" not in caplog.text


def test_static_token_is_sent_and_never_renewed():
    with pytest.raises(AuthError, match="FNT_TOKEN"):
        me(StaticAuth("fnt_x"), refusal(401, "TOKEN_INVALID"))

    assert me(StaticAuth("fnt_x"), json_response(200, {"email": "a@b.fr"})) == ["Bearer fnt_x"]


def test_login_and_refresh_send_no_stored_token(store):
    answer = {"access_token": "a", "refresh_token": "r", "expires_in": 9}
    script = Script(json_response(200, answer))
    with ApiClient(SERVER, auth=make_auth(store), transport=script.transport) as client:
        client.login("a@b.fr", "x")

    assert "Authorization" not in script.requests[0].headers
