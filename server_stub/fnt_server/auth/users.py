"""Administration of users and their personal access tokens."""

from __future__ import annotations

import secrets
import uuid

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fnt_server.auth.logins import end_logins
from fnt_server.auth.password_hashing import (
    EMAIL,
    TOKEN_PREFIX,
    hash_password,
    normalized_email,
    token_hash,
)
from fnt_server.auth.password_rule import password_problem
from fnt_server.db.connection import Database, clock
from fnt_server.db.models import AccessToken, User


class AccountError(Exception):
    """An administrator's request that cannot be carried out; the message is one line."""


def add_user(database: Database, email: str, password: str) -> User:
    """Create a user; raises AccountError for an invalid or known address or a weak password."""
    if not EMAIL.fullmatch(email):
        raise AccountError(f"{email[:80]!a} is not an email address")
    user = User(
        email=normalized_email(email),
        name=email.partition("@")[0],
        password_hash=_hashed(password, email=email),
    )
    try:
        with database.write() as session:
            user.created_at = clock(session)
            session.add(user)
    except IntegrityError:
        raise AccountError(
            f"user {email} already exists: change the password with `user passwd`"
        ) from None
    return user


def set_password(database: Database, email: str, password: str) -> None:
    """Change a password and end all logins of the user; raises AccountError."""
    hashed = _hashed(password, email=email)
    with database.write() as session:
        user = _require_user(session, email)
        user.password_hash = hashed
        end_logins(session, user.id)


def remove_user(database: Database, email: str) -> None:
    """Delete a user and all their data; raises AccountError."""
    with database.write() as session:
        session.execute(delete(User).where(User.id == _require_user(session, email).id))


def list_users(database: Database) -> list[User]:
    """Return all users, sorted by address."""
    with database.read() as session:
        return list(session.scalars(select(User).order_by(User.email)))


def make_personal_token(database: Database, email: str, *, days: int) -> str:
    """Create a personal access token and return it; only its hash is stored."""
    if not 1 <= days <= 3650:
        raise AccountError("--days must be 1 to 3650")
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    with database.write() as session:
        user, moment = _require_user(session, email), clock(session)
        session.add(
            AccessToken(
                id=uuid.uuid4().hex,
                user_id=user.id,
                token_hash=token_hash(token),
                created_at=moment,
                ends_at=moment + days * 86400,
            )
        )
    return token


def _require_user(session: Session, email: str) -> User:
    user = session.scalar(select(User).where(User.email == normalized_email(email)))
    if user is None:
        raise AccountError(f"user {email[:80]!a} not found: see `fnt-server user list`")
    return user


def _hashed(password: str, *, email: str) -> str:
    if problem := password_problem(password, email=email):
        raise AccountError(problem)
    return hash_password(password)
