"""The audit log: who did what to which account, from where. It holds no secrets."""

from __future__ import annotations

from contextvars import ContextVar
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from fnt_server.auth.password_hashing import EMAIL
from fnt_server.db.connection import Database, clock, now
from fnt_server.db.models import DAY_S, AuditLine, User
from fnt_server.logs import escaped

KEPT_DAYS = 365
MAX_LINES = 1_000_000
NOT_AN_ADDRESS = "-"
"""Stands for what was typed as an address and is none: it may be a password."""

address: ContextVar[str] = ContextVar("address", default="command")
"""Where the current request comes from; `command` for `fnt-server`."""


class AuditEvent(StrEnum):
    """What happened."""

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGIN_REVOKED = "login_revoked"
    LOGOUT = "logout"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 -- no secret
    DEVICE_APPROVED = "device_approved"
    DEVICE_REFUSED = "device_refused"
    TOKEN_CREATED = "token_created"  # noqa: S105 -- as above
    TOKEN_FIRST_USED = "token_first_used"  # noqa: S105 -- as above
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 -- as above
    USER_ADDED = "user_added"
    USER_REMOVED = "user_removed"


def record(session: Session, event: AuditEvent, *, user: int | str, detail: str = "") -> None:
    """Add a line within a transaction; `user` is an ID, or an unverified email address."""
    if isinstance(user, int):
        email = session.scalar(select(User.email).where(User.id == user)) or NOT_AN_ADDRESS
    else:
        email = user if EMAIL.fullmatch(user) else NOT_AN_ADDRESS
    session.add(
        AuditLine(
            at=clock(session),
            event=event,
            email=escaped(email)[:254],
            address=escaped("".join(address.get().split()))[:64],
            detail=escaped(detail)[:200],
        )
    )


def newest(
    database: Database, *, limit: int, email: str | None = None, days: int | None = None
) -> list[AuditLine]:
    """Return the newest lines, oldest first: of one user, of the last days."""
    wanted = select(AuditLine).order_by(AuditLine.id.desc()).limit(limit)
    if email is not None:
        wanted = wanted.where(AuditLine.email == escaped(email)[:254])
    if days is not None:
        wanted = wanted.where(AuditLine.at > now() - days * DAY_S)
    with database.read() as session:
        return list(session.scalars(wanted))[::-1]


def login_addresses(database: Database, *, email: str, days: int) -> list[str]:
    """Return from where a user logged in during the last days."""
    logged_in = (AuditLine.event == AuditEvent.LOGIN, AuditLine.email == escaped(email)[:254])
    recent = AuditLine.at > now() - days * DAY_S
    with database.read() as session:
        found = select(AuditLine.address).where(*logged_in, recent).distinct()
        return list(session.scalars(found))


def delete_old(database: Database, *, days: int = KEPT_DAYS) -> None:
    """Delete the lines older than so many days, and all but the newest MAX_LINES."""
    with database.write() as session:
        session.execute(delete(AuditLine).where(AuditLine.at < now() - days * DAY_S))
        last = session.scalar(select(func.max(AuditLine.id))) or 0
        session.execute(delete(AuditLine).where(AuditLine.id <= last - MAX_LINES))
