"""Personal tokens of the user: list, create, revoke. All need a login, not a personal token."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from flask import Blueprint

from fnt.wire import responses
from fnt.wire.error_codes import ErrorCode
from fnt.wire.requests import PersonalTokenRequest
from fnt.wire.structs import WireError
from fnt.wire.times import Time
from fnt_server.auth import personal_tokens
from fnt_server.auth.personal_tokens import TokenRefused
from fnt_server.db.models import AccessToken
from fnt_server.web.api import rate_limits
from fnt_server.web.api.errors import ApiError
from fnt_server.web.api.rate_limits import limiter
from fnt_server.web.api.request_parsing import json_object, require_login
from fnt_server.web.services import services

bp = Blueprint("tokens", __name__, url_prefix="/auth/tokens")


@bp.get("")
def list_tokens() -> dict[str, Any]:
    """Return the user's valid tokens, oldest first."""
    found = personal_tokens.list_tokens(services().database, require_login().user_id)
    return responses.PersonalTokenList(
        tokens=[responses.PersonalToken(**_facts(token)) for token in found]
    ).to_wire()


@bp.post("")
@limiter.limit(rate_limits.NEW_TOKENS)
def create() -> tuple[dict[str, Any], int]:
    """Create a token and return it, this once."""
    identity = require_login()
    asked = PersonalTokenRequest.from_wire(json_object())
    try:
        row, token = services().authenticator.create_personal_token(
            identity, name=asked.name, days=asked.days
        )
    except TokenRefused as refused:
        raise WireError(str(refused)) from None
    return responses.NewPersonalToken(**_facts(row), token=token).to_wire(), 201


@bp.delete("/<token_id>")
def revoke(token_id: str) -> tuple[str, int]:
    """Revoke a token at once."""
    identity = require_login()
    if not personal_tokens.revoke(services().database, identity.user_id, token_id):
        raise ApiError(404, ErrorCode.NOT_FOUND, "token not found")
    services().logged_out.set()
    return "", 204


def _facts(token: AccessToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "created_at": _time(token.created_at),
        "expires_at": _time(token.ends_at),
        "last_used_at": None if token.last_used_at is None else _time(token.last_used_at),
    }


def _time(seconds: float) -> Time:
    return Time.fromtimestamp(seconds, UTC)
