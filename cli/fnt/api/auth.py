"""The token on every request: added here, renewed here, once, whoever asks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from typing import NoReturn

import httpx

from fnt.config.credentials import CredentialStore, Tokens
from fnt.errors import AuthError, UsageError

LOGIN_HINT = "run: fnt login"

RENEW_BEFORE_S = 30.0
"""A token with less time left is renewed before it is used; short-lived ones by a fifth."""

log = logging.getLogger(__name__)


class TokenAuth(httpx.Auth):
    """Adds a token to requests; a refused one is renewed once, if that can be done."""

    def current_token(self) -> str:
        """Return a token that should be accepted now."""
        raise NotImplementedError

    def renewed_token(self, refused: str) -> str:
        """Return another token in place of one the server refused."""
        raise NotImplementedError

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send with the token and, refused, once more with a new one."""
        token = self.current_token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {self.renewed_token(token)}"
            yield request


class StaticAuth(TokenAuth):
    """A personal access token: never renewed, never stored."""

    def __init__(self, token: str, *, name: str = "FNT_TOKEN") -> None:
        self._token = token
        self._name = name

    def current_token(self) -> str:
        """Return the token."""
        return self._token

    def renewed_token(self, refused: str) -> NoReturn:  # noqa: ARG002 -- whichever it was
        """Say that this token has come to its end."""
        where = "the token in FNT_TOKEN" if self._name == "FNT_TOKEN" else self._name
        raise AuthError(f"the server rejected {where}", code="TOKEN_INVALID")


class BearerAuth(TokenAuth):
    """A login's access token, renewed with its refresh token."""

    def __init__(
        self,
        *,
        store: CredentialStore,
        refresh: Callable[[Tokens], Tokens],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._refresh = refresh
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._margin_s = RENEW_BEFORE_S

    def current_token(self) -> str:
        """Return the access token, renewed first when it is about to end."""
        with self._lock:
            tokens = self._tokens or self._loaded()
            if not self._is_fresh(tokens):
                tokens = self._renewed(tokens.access_token)
            self._tokens = tokens
            return tokens.access_token

    def renewed_token(self, refused: str) -> str:
        """Return a new access token; if another thread or process was quicker, theirs."""
        with self._lock:
            tokens = self._tokens
            if tokens is None or tokens.access_token == refused:
                tokens = self._tokens = self._renewed(refused)
            return tokens.access_token

    def _renewed(self, refused: str) -> Tokens:
        """Renew under a lock between processes: a refresh token used twice ends the login."""
        with self._store.lock():
            stored = self._loaded()
            if stored.access_token != refused and self._is_fresh(stored):
                return stored
            if stored.is_personal:
                raise AuthError(
                    "the server rejected the stored personal token",
                    hint="store a new one with: fnt login --with-token",
                    code="TOKEN_INVALID",
                )
            fresh = self._refresh(stored)
            self._keep(fresh)
            self._margin_s = min(RENEW_BEFORE_S, (fresh.expires_at - self._clock()) / 5)
            return fresh

    def _is_fresh(self, tokens: Tokens) -> bool:
        return tokens.is_personal or tokens.expires_at - self._clock() >= self._margin_s

    def _keep(self, fresh: Tokens) -> None:
        """Save before use; when that fails this run still goes on with the new pair."""
        try:
            self._store.save(fresh, insecure_storage=False)
        except UsageError as error:
            log.warning("cannot save the renewed login: %s", error)

    def _loaded(self) -> Tokens:
        tokens = self._store.load()
        if tokens is None:
            raise AuthError("not logged in", hint=LOGIN_HINT, code="NOT_LOGGED_IN")
        return tokens
