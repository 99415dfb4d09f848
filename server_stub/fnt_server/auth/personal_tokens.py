"""Personal access tokens: names, last use, revocation. Only their hashes are stored."""

from __future__ import annotations

import logging
import secrets
import time
import uuid

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from fnt.wire.requests import MAX_TOKEN_DAYS
from fnt_server.auth import audit
from fnt_server.auth.audit import AuditEvent
from fnt_server.auth.password_hashing import TOKEN_PREFIX, token_hash
from fnt_server.db.connection import UNAVAILABLE, Database, clock, now
from fnt_server.db.models import AccessToken
from fnt_server.failure_reasons import reason

MAX_TOKENS = 100
"""Of one user."""
MAX_NAME_CHARS = 60
USE_WRITTEN_EVERY_S = 60.0

log = logging.getLogger(__name__)


class TokenRefused(ValueError):  # noqa: N818 -- an everyday outcome, not a failure
    """A token that is not created; the message is one line."""


def create(
    session: Session, user_id: int, *, name: str | None, days: int
) -> tuple[AccessToken, str]:
    """Add a token; returns its row and the token itself. Raises TokenRefused.

    The user must be locked.
    """
    if not 1 <= days <= MAX_TOKEN_DAYS:
        raise TokenRefused(f"days must be 1 to {MAX_TOKEN_DAYS}")
    if name is not None and not (0 < len(name.strip()) <= MAX_NAME_CHARS and name.isprintable()):
        raise TokenRefused(f"name must be 1 to {MAX_NAME_CHARS} printable characters")
    count = session.scalar(select(func.count()).where(*_living(user_id))) or 0
    if count >= MAX_TOKENS:
        raise TokenRefused(f"there are {MAX_TOKENS} tokens already: revoke one first")
    token, moment = TOKEN_PREFIX + secrets.token_urlsafe(32), clock(session)
    row = AccessToken(
        id=uuid.uuid4().hex,
        user_id=user_id,
        name=name and name.strip(),
        token_hash=token_hash(token),
        created_at=moment,
        ends_at=moment + days * 86400,
    )
    session.add(row)
    audit.record(session, AuditEvent.TOKEN_CREATED, user=user_id, detail=described(row))
    return row, token


def list_tokens(database: Database, user_id: int) -> list[AccessToken]:
    """Return a user's valid tokens, oldest first."""
    with database.read() as session:
        found = select(AccessToken).where(*_living(user_id)).order_by(AccessToken.created_at)
        return list(session.scalars(found))


def revoke(database: Database, user_id: int, token_id: str) -> bool:
    """Delete a token, which ends it; False if the user has none with this id."""
    this = (AccessToken.id == token_id, AccessToken.user_id == user_id)
    with database.write() as session:
        row = session.scalar(select(AccessToken).where(*this).with_for_update())
        if row is None:
            return False
        session.delete(row)
        audit.record(session, AuditEvent.TOKEN_REVOKED, user=user_id, detail=described(row))
    return True


def described(token: AccessToken) -> str:
    """Return how a token is named where the token itself must not be."""
    return f"{token.id[:8]} {'no name' if token.name is None else token.name}"


class UseRecorder:
    """Writes when a token was last used, at most once a minute per token and process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written: dict[str, float] = {}

    def record(self, token_id: str) -> None:
        """Record a use; a database that cannot be written to does not stop the request."""
        moment = time.monotonic()
        if moment - self._written.get(token_id, -USE_WRITTEN_EVERY_S) < USE_WRITTEN_EVERY_S:
            return
        if len(self._written) > 10_000:
            self._written.clear()
        self._written[token_id] = moment  # first, so that a locked database delays one request
        try:
            with self._database.write() as session:
                _write_use(session, token_id)
        except UNAVAILABLE as error:
            log.warning("use of a token not recorded: %s", reason(error))


def _write_use(session: Session, token_id: str) -> None:
    used = update(AccessToken).where(AccessToken.id == token_id).values(last_used_at=now())
    first = used.where(AccessToken.last_used_at.is_(None)).returning(AccessToken)
    row = session.scalar(first)
    if row is None:
        is_old = AccessToken.last_used_at < now() - USE_WRITTEN_EVERY_S
        session.execute(used.where(is_old))
        return
    audit.record(session, AuditEvent.TOKEN_FIRST_USED, user=row.user_id, detail=described(row))


def _living(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return (AccessToken.user_id == user_id, AccessToken.ends_at > now())
