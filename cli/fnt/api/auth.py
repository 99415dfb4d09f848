"""Bearer authentication for httpx, with one renewal shared by all threads and processes."""

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
"""Renew a token with less than this many seconds left, or a fifth of a short-lived one."""

log = logging.getLogger(__name__)


class TokenAuth(httpx.Auth):
    """Base class that adds a bearer token and retries once with a renewed one after a 401."""

    def current_token(self) -> str:
        """Return a token the server is expected to accept."""
        raise NotImplementedError

    def email(self) -> str | None:
        """Return whose token it is, if that was stored with it; raises AuthError without one."""
        return None

    def renewed_token(self, refused: str) -> str:
        """Return a replacement for a token the server rejected; raises AuthError without one."""
        raise NotImplementedError

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request with the token; after a 401, send it again with a renewed one."""
        token = self.current_token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {self.renewed_token(token)}"
            yield request


class StaticAuth(TokenAuth):
    """A personal access token, which is neither renewed nor stored."""

    def __init__(
        self,
        token: str,
        *,
        source: str = "the token in FNT_TOKEN",
        require_server: Callable[[], None] = lambda: None,
    ) -> None:
        """Take a function that raises FntError if another server may have taken the place."""
        self._token = token
        self._source = source
        self._require_server = require_server

    def current_token(self) -> str:
        """Return the token, which is about to be sent."""
        self._require_server()
        return self._token

    def renewed_token(self, refused: str) -> NoReturn:  # noqa: ARG002 -- there is only one token
        """Raise AuthError, because this token cannot be renewed."""
        raise AuthError(f"the server rejected {self._source}", code="TOKEN_INVALID")


class BearerAuth(TokenAuth):
    """The access token of a login, renewed with its refresh token."""

    def __init__(
        self,
        *,
        store: CredentialStore,
        refresh: Callable[[Tokens], Tokens],
        require_server: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take a function that raises FntError if another server may have taken the place."""
        self._require_server = require_server
        self._store = store
        self._refresh = refresh
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None
        self._margin_s = RENEW_BEFORE_S

    def current_token(self) -> str:
        """Return the access token, renewing it first if it is about to expire."""
        with self._lock:
            tokens = self._tokens or self._loaded()
            if not self._is_fresh(tokens):
                tokens = self._renewed(tokens.access_token)
            self._tokens = tokens
            self._require_server()
            return tokens.access_token

    def email(self) -> str:
        """Return who is logged in."""
        with self._lock:
            return (self._tokens or self._loaded()).email

    def renewed_token(self, refused: str) -> str:
        """Return a new access token, reusing one that another thread or process already fetched."""
        with self._lock:
            tokens = self._tokens
            if tokens is None or tokens.access_token == refused:
                tokens = self._tokens = self._renewed(refused)
            self._require_server()
            return tokens.access_token

    def _renewed(self, refused: str) -> Tokens:
        """Renew under an interprocess lock, since using a refresh token twice revokes the login."""
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
        """Save the new pair before using it; if saving fails, this run uses it anyway."""
        try:
            self._store.save(fresh, insecure_storage=False)
        except UsageError as error:
            log.warning("cannot save the renewed login: %s", error)

    def _loaded(self) -> Tokens:
        tokens = self._store.load()
        if tokens is None:
            raise AuthError("not logged in", hint=LOGIN_HINT, code="NOT_LOGGED_IN")
        return tokens
