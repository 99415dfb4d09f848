"""Login, refresh, me, logout, change of password."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from msgspec import UNSET, UnsetType

from fnt.wire import responses
from fnt.wire.error_codes import ErrorCode
from fnt.wire.requests import LoginRequest, LogoutRequest, PasswordRequest
from fnt.wire.responses import Done
from fnt_server.auth.password_rule import WeakPassword
from fnt_server.auth.tokens import TokenPair
from fnt_server.db.models import User
from fnt_server.jobs.storage_quota import used_bytes
from fnt_server.web.api import rate_limits
from fnt_server.web.api.errors import ApiError
from fnt_server.web.api.rate_limits import limited_login, limiter
from fnt_server.web.api.request_parsing import bearer, json_object, require_identity, require_login
from fnt_server.web.services import services

bp = Blueprint("auth", __name__, url_prefix="/auth")


@bp.post("/login")
@limiter.limit(rate_limits.LOGINS)
def log_in() -> dict[str, Any]:
    """Exchange email and password for tokens."""
    asked = LoginRequest.from_wire(json_object())
    pair = limited_login(
        asked.email, lambda: services().authenticator.log_in(asked.email, asked.password)
    )
    if pair is None:
        raise ApiError(401, ErrorCode.BAD_CREDENTIALS, "email or password is wrong")
    return token_pair(pair).to_wire()


@bp.post("/refresh")
@limiter.limit(rate_limits.REFRESHES)
def refresh() -> dict[str, Any]:
    """Exchange a refresh token for its successor and a new access token."""
    return token_pair(services().authenticator.refresh(bearer())).to_wire()


@bp.get("/me")
def me() -> dict[str, Any]:
    """Return the user of the token."""
    user = services().authenticator.get_user(require_identity().user_id)
    return responses.User(
        id=user.id,
        email=user.email,
        name=user.name,
        used_bytes=used_bytes(services().database, user.id),
        quota_bytes=services().config.quotas.user_quota_bytes or None,
    ).to_wire()


@bp.post("/logout")
def log_out() -> dict[str, Any]:
    """End this login, or with `all` every login and personal token of the user."""
    identity = require_identity()
    asked = LogoutRequest.from_wire(json_object())
    if asked.all:
        identity = require_login()
    services().authenticator.log_out(identity, everywhere=asked.all)
    services().logged_out.set()
    return Done().to_wire()


@bp.post("/password")
@limiter.limit(rate_limits.LOGINS)
def change_password() -> dict[str, Any]:
    """Change a password; ends all logins and personal tokens and answers with a new login."""
    if request.authorization is not None:
        require_login()
    asked = PasswordRequest.from_wire(json_object())
    try:
        pair = limited_login(
            asked.email,
            lambda: services().authenticator.change_password(
                asked.email, asked.password, asked.new_password
            ),
        )
    except WeakPassword as weak:
        raise ApiError(400, ErrorCode.WEAK_PASSWORD, str(weak)) from None
    if pair is None:
        raise ApiError(401, ErrorCode.BAD_CREDENTIALS, "email or password is wrong")
    services().logged_out.set()
    return token_pair(pair).to_wire()


def token_pair(pair: TokenPair, *, token_type: str | UnsetType = UNSET) -> responses.TokenPair:
    """Return the response body of a login or a refresh."""
    return responses.TokenPair(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in=pair.expires_in,
        user=_user(pair.user),
        token_type=token_type,
    )


def _user(user: User) -> responses.User:
    return responses.User(id=user.id, email=user.email, name=user.name)
