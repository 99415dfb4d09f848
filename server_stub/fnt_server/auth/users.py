"""Administration of users and their personal access tokens."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fnt_server.auth import audit, personal_tokens
from fnt_server.auth.audit import AuditEvent
from fnt_server.auth.logins import end_logins
from fnt_server.auth.password_hashing import EMAIL, hash_password, normalized_email
from fnt_server.auth.password_rule import password_problem
from fnt_server.auth.personal_tokens import TokenRefused
from fnt_server.db.connection import Database, clock
from fnt_server.db.models import AccessToken, Job, User
from fnt_server.db.user_lock import lock_user


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
            audit.record(session, AuditEvent.USER_ADDED, user=user.email)
    except IntegrityError:
        raise AccountError(
            f"user {email} already exists: change the password with `user passwd`"
        ) from None
    return user


def set_password(database: Database, email: str, password: str) -> None:
    """Change a password, which ends all logins and personal tokens; raises AccountError."""
    hashed = _hashed(password, email=email)
    with database.write() as session:
        user = _require_user(session, email)
        user.password_hash = hashed
        end_logins(session, user.id)
        audit.record(session, AuditEvent.PASSWORD_CHANGED, user=user.id)


def remove_user(database: Database, email: str) -> list[int]:
    """Delete a user and all their rows; raises AccountError.

    Returns the ids of their jobs, whose objects the caller deletes.
    """
    with database.write() as session:
        user_id = _require_user(session, email).id
        job_ids = session.scalars(select(Job.id).where(Job.user_id == user_id)).all()
        audit.record(session, AuditEvent.USER_REMOVED, user=user_id)
        session.execute(delete(User).where(User.id == user_id))
    return list(job_ids)


def list_users(database: Database) -> list[User]:
    """Return all users, sorted by address."""
    with database.read() as session:
        return list(session.scalars(select(User).order_by(User.email)))


def make_personal_token(
    database: Database, email: str, *, days: int, name: str | None = None
) -> str:
    """Create a personal access token and return it; raises AccountError."""
    try:
        with database.write() as session:
            user_id = _require_user(session, email).id
            lock_user(session, user_id)
            return personal_tokens.create(session, user_id, name=name, days=days)[1]
    except TokenRefused as refused:
        raise AccountError(str(refused)) from None


def list_personal_tokens(database: Database, email: str) -> list[AccessToken]:
    """Return a user's valid personal tokens, oldest first; raises AccountError."""
    return personal_tokens.list_tokens(database, find_user(database, email).id)


def revoke_personal_token(database: Database, email: str, token: str) -> AccessToken:
    """Revoke the token with this name or this beginning of its id; raises AccountError."""
    user = find_user(database, email)
    known = personal_tokens.list_tokens(database, user.id)
    found = [one for one in known if token and (one.name == token or one.id.startswith(token))]
    if len(found) != 1:
        are = "not found" if not found else "not unique, use the ID"
        raise AccountError(f"token {token[:60]!a} is {are}: see `fnt-server user tokens list`")
    personal_tokens.revoke(database, user.id, found[0].id)
    return found[0]


def find_user(database: Database, email: str) -> User:
    """Return the user with an address; raises AccountError."""
    with database.read() as session:
        return _require_user(session, email)


def _require_user(session: Session, email: str) -> User:
    user = session.scalar(select(User).where(User.email == normalized_email(email)))
    if user is None:
        raise AccountError(f"user {email[:80]!a} not found: see `fnt-server user list`")
    return user


def _hashed(password: str, *, email: str) -> str:
    if problem := password_problem(password, email=email):
        raise AccountError(problem)
    return hash_password(password)
