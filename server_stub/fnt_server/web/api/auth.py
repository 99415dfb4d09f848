"""Login, refresh, me, logout."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from fnt.wire.errors import ErrorCode
from fnt.wire.structs import WireError
from fnt_server.auth.password_hashing import MAX_PASSWORD_CHARS
from fnt_server.auth.tokens import TokenPair
from fnt_server.db.models import User
from fnt_server.web.api import rate_limits
from fnt_server.web.api.errors import ApiError
from fnt_server.web.api.rate_limits import email_limit_key, limit_wrong_passwords, limiter
from fnt_server.web.api.request_parsing import bearer, json_object, require_identity, text_field
from fnt_server.web.services import services

bp = Blueprint("auth", __name__, url_prefix="/auth")


def _email_asked() -> str:
    try:
        return email_limit_key(json_object().get("email", ""))
    except WireError:
        return ""


@bp.post("/login")
@limiter.limit(rate_limits.LOGINS)
@limit_wrong_passwords(_email_asked)
def log_in() -> dict[str, Any]:
    """Exchange email and password for tokens."""
    content = json_object()
    pair = services().authenticator.log_in(
        text_field(content, "email", max_chars=254),
        text_field(content, "password", max_chars=MAX_PASSWORD_CHARS),
    )
    if pair is None:
        raise ApiError(401, ErrorCode.BAD_CREDENTIALS, "email or password is wrong")
    return pair_answer(pair)


@bp.post("/refresh")
@limiter.limit(rate_limits.REFRESHES)
def refresh() -> dict[str, Any]:
    """Exchange a refresh token for its successor and a new access token."""
    return pair_answer(services().authenticator.refresh(bearer()))


@bp.get("/me")
def me() -> dict[str, Any]:
    """Return the user of the token."""
    return _user(services().authenticator.get_user(require_identity().user_id))


@bp.post("/logout")
def log_out() -> dict[str, Any]:
    """End this login, or with `all` every login of the user."""
    identity = require_identity()
    everywhere = json_object().get("all", False)
    if not isinstance(everywhere, bool):
        raise WireError("all must be true or false")
    services().authenticator.log_out(identity, everywhere=everywhere)
    services().logged_out.set()
    return {"ok": True}


def pair_answer(pair: TokenPair) -> dict[str, Any]:
    """Return the response body of a login or a refresh."""
    return {
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": pair.expires_in,
        "user": _user(pair.user),
    }


def _user(user: User) -> dict[str, Any]:
    return {"id": user.id, "email": user.email, "name": user.name}
