"""Signed tokens (JWT, HS256) and the key that signs them."""

from __future__ import annotations

import contextlib
import hmac
import math
import os
import re
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from fnt.wire.error_codes import ErrorCode
from fnt_server.config.environment import ConfigError
from fnt_server.config.token_lifetimes import REFRESH_TTL_S
from fnt_server.db.models import Login, User

MAX_TOKEN_CHARS = 4096
MIN_KEY_BYTES = 32
MAX_KEY_BYTES = 4096
CLOCKS_APART_S = 60
"""How far the clock of the process that signed a token may be ahead of ours."""


class TokenProblem(Exception):  # noqa: N818 -- an everyday outcome, not a failure
    """A token that is not accepted; `code` says why."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The claims of a token."""

    user_id: int
    login_id: str
    jti: str
    ends_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """The result of a login or a refresh."""

    access_token: str
    refresh_token: str
    expires_in: int
    """Seconds until the access token expires."""
    user: User


class TokenSigner:
    """Signs and checks tokens with one key."""

    def __init__(self, key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._key = key
        self._clock = clock

    def write(
        self,
        *,
        user_id: int,
        login_id: str,
        jti: str,
        kind: str,
        ttl_s: float,
        issued_at: float | None = None,
    ) -> str:
        """Sign a token of a kind (`access` or `refresh`)."""
        issued = self._clock() if issued_at is None else issued_at
        claims = {
            "sub": str(user_id),
            "sid": login_id,
            "jti": jti,
            "type": kind,
            "iat": int(issued),
            "exp": math.ceil(issued + ttl_s),  # never expires early
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def write_pair(self, login: Login, user: User, *, access_ttl_s: int) -> TokenPair:
        """Sign a new access token and the login's current refresh token."""
        refresh_ends = min(login.rotated_at + REFRESH_TTL_S, login.ends_at)
        access = self.write(
            user_id=user.id, login_id=login.id, jti=uuid.uuid4().hex, kind="access",
            ttl_s=access_ttl_s,
        )  # fmt: skip
        refresh = self.write(
            user_id=user.id, login_id=login.id, jti=login.refresh_jti, kind="refresh",
            issued_at=login.rotated_at, ttl_s=refresh_ends - login.rotated_at,
        )  # fmt: skip
        return TokenPair(
            access_token=access, refresh_token=refresh, expires_in=access_ttl_s, user=user
        )

    def digest(self, purpose: str, text: str) -> str:
        """Return a keyed digest: short codes could be guessed from a plain hash."""
        return hmac.digest(
            self._key, f"{purpose}\0{text}".encode("utf-8", "replace"), "sha256"
        ).hex()

    def read(self, token: str, *, kind: str) -> Claims:
        """Check signature, time, kind and every claim; raises TokenProblem."""
        if len(token) > MAX_TOKEN_CHARS:
            raise TokenProblem(ErrorCode.TOKEN_INVALID)
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                options={
                    "require": ["exp", "iat", "sub", "sid", "jti", "type"],
                    "verify_iat": False,  # checked below, with tolerance
                },
            )
        except jwt.ExpiredSignatureError:
            raise TokenProblem(ErrorCode.TOKEN_EXPIRED) from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise TokenProblem(ErrorCode.TOKEN_INVALID) from None
        if not _is_whole(claims) or claims["type"] != kind:
            raise TokenProblem(ErrorCode.TOKEN_INVALID)
        if claims["iat"] > self._clock() + CLOCKS_APART_S:
            raise TokenProblem(ErrorCode.TOKEN_INVALID)
        return Claims(
            user_id=int(claims["sub"]),
            login_id=claims["sid"],
            jti=claims["jti"],
            ends_at=float(claims["exp"]),
        )


def _is_whole(claims: dict[str, Any]) -> bool:
    """Return whether every claim has the expected type; the library is lenient with some."""
    texts = all(isinstance(claims[name], str) for name in ("sub", "sid", "jti", "type"))
    numbers = all(type(claims[name]) is int and claims[name] < 2**53 for name in ("iat", "exp"))
    return texts and numbers and re.fullmatch(r"[1-9][0-9]{0,17}", claims["sub"]) is not None


def load_key(path: Path) -> bytes:
    """Read the signing key, creating it (0600) if missing; raises ConfigError."""
    try:
        key = _made_or_read(path)
    except OSError as error:
        raise ConfigError(f"cannot use the key in {path}: {error.strerror}") from error
    if len(key) < MIN_KEY_BYTES:
        raise ConfigError(f"the key in {path} is shorter than {MIN_KEY_BYTES} bytes")
    if len(key) > MAX_KEY_BYTES:
        raise ConfigError(f"the key in {path} is longer than {MAX_KEY_BYTES} bytes")
    return key


def _made_or_read(path: Path) -> bytes:
    # A key that is there may be in a folder that this user cannot write, such as /etc.
    with contextlib.suppress(FileNotFoundError):
        return _read_key(path)
    with contextlib.suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_hex(32).encode())
            # link() fails if a key exists: processes that start together share one complete key.
            os.link(draft, path)
        finally:
            draft.unlink()
    return _read_key(path)


def _read_key(path: Path) -> bytes:
    """Read a key, and little more of a file that never ends or of a pipe that nobody writes to."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        return (file.read(MAX_KEY_BYTES + 1) or b"").strip()
