"""Logins: password check, access and refresh tokens, and who a token belongs to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from fnt.wire.error_codes import ErrorCode
from fnt_server.auth import audit, personal_tokens
from fnt_server.auth.audit import AuditEvent
from fnt_server.auth.password_hashing import (
    EMAIL,
    TOKEN_PREFIX,
    dummy_hash,
    hash_password,
    is_password,
    normalized_email,
    token_hash,
)
from fnt_server.auth.password_rule import WeakPassword, password_problem
from fnt_server.auth.personal_tokens import UseRecorder
from fnt_server.auth.tokens import TokenPair, TokenProblem, TokenSigner
from fnt_server.config.token_lifetimes import LOGIN_TTL_S, PAGE_TTL_S, REPLAY_WINDOW_S
from fnt_server.db.connection import Database, clock, now
from fnt_server.db.models import AccessToken, DeviceLogin, Login, User
from fnt_server.db.user_lock import lock_user


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The user a token belongs to."""

    user_id: int
    login_id: str | None
    """None for a personal access token."""
    token_id: str | None
    ends_at: float
    """Seconds since the epoch."""


class Authenticator:
    """Logs users in and out, and identifies tokens."""

    def __init__(self, database: Database, signer: TokenSigner, *, access_ttl_s: int) -> None:
        self._database = database
        self._signer = signer
        self._access_ttl_s = access_ttl_s
        self._uses = UseRecorder(database)

    def log_in(self, email: str, password: str) -> TokenPair | None:
        """Open a login; None if email or password is wrong."""
        user = self._authenticate(email, password)
        if user is None:
            return None
        with self._database.write() as session:
            if not _is_unchanged(session, user):
                return None
            audit.record(session, AuditEvent.LOGIN, user=user.id, detail="password")
            return self.open_login(session, user)

    def change_password(self, email: str, password: str, new_password: str) -> TokenPair | None:
        """Change a password, end all logins and open one; None if email or password is wrong.

        Raises WeakPassword.
        """
        user = self._authenticate(email, password)
        if user is None:
            return None
        if problem := password_problem(new_password, email=user.email):
            raise WeakPassword(problem)
        hashed = hash_password(new_password)
        unchanged = (User.id == user.id, User.password_hash == user.password_hash)
        with self._database.write() as session:
            changed = update(User).where(*unchanged).values(password_hash=hashed)
            if session.scalar(changed.returning(User.id)) is None:
                return None
            end_logins(session, user.id)
            audit.record(session, AuditEvent.PASSWORD_CHANGED, user=user.id)
            return self.open_login(session, user)

    def open_login(self, session: Session, user: User) -> TokenPair:
        """Open a login within a transaction; its tokens are valid once that is committed."""
        return self._signer.write_pair(
            _new_login(session, user, ttl_s=LOGIN_TTL_S), user, access_ttl_s=self._access_ttl_s
        )

    def open_page_login(self, email: str, password: str) -> str | None:
        """Open a short login that is valid only for the device page; returns its token."""
        user = self._authenticate(email, password)
        if user is None:
            return None
        with self._database.write() as session:
            if not _is_unchanged(session, user):
                return None
            login = _new_login(session, user, ttl_s=PAGE_TTL_S)
            audit.record(session, AuditEvent.LOGIN, user=user.id, detail="device page")
        return self._signer.write(
            user_id=user.id, login_id=login.id, jti=login.refresh_jti, kind="page", ttl_s=PAGE_TTL_S
        )

    def _authenticate(self, email: str, password: str) -> User | None:
        """Return the user with this email and password, or None, in the same time either way."""
        user = self._find_user(normalized_email(email))
        is_right = is_password(user.password_hash if user else dummy_hash(), password)
        if is_right:
            return user
        with self._database.write() as session:
            audit.record(session, AuditEvent.LOGIN_FAILED, user=normalized_email(email))
        return None

    def _find_user(self, email: str) -> User | None:
        if not EMAIL.fullmatch(email):  # cannot exist, and may not even be valid in a query
            return None
        with self._database.read() as session:
            return session.scalar(select(User).where(User.email == email))

    def refresh(self, token: str) -> TokenPair:
        """Exchange a refresh token for its successor; raises TokenProblem.

        A token reused after REPLAY_WINDOW_S was stolen or copied: its whole family is revoked.
        """
        claims = self._signer.read(token, kind="refresh")
        with self._database.write() as session:
            moment = clock(session)
            login = session.get(Login, claims.login_id, with_for_update=True)
            if login is None or login.revoked_at is not None or login.ends_at <= moment:
                raise TokenProblem(ErrorCode.TOKEN_INVALID)
            if claims.jti == login.refresh_jti:
                login.previous_jti, login.refresh_jti = login.refresh_jti, uuid.uuid4().hex
                login.rotated_at = moment
            elif claims.jti != login.previous_jti or moment > login.rotated_at + REPLAY_WINDOW_S:
                login.revoked_at = moment
                reused = "a used refresh token was sent again"
                audit.record(session, AuditEvent.LOGIN_REVOKED, user=login.user_id, detail=reused)
            user = session.get_one(User, login.user_id)
        if login.revoked_at is not None:
            raise TokenProblem(ErrorCode.TOKEN_INVALID)
        return self._signer.write_pair(login, user, access_ttl_s=self._access_ttl_s)

    def identify(self, token: str) -> Identity:
        """Return the identity of an access token or personal token; raises TokenProblem."""
        if token.startswith(TOKEN_PREFIX):
            return self._identify_personal(token)
        return self._identify_login(token, kind="access")

    def identify_page_visitor(self, token: str) -> Identity:
        """Return the identity of a token of the device page; raises TokenProblem."""
        return self._identify_login(token, kind="page")

    def _identify_login(self, token: str, *, kind: str) -> Identity:
        claims = self._signer.read(token, kind=kind)
        with self._database.read() as session:
            alive = session.scalar(
                select(Login.id).where(
                    Login.id == claims.login_id,
                    Login.user_id == claims.user_id,
                    Login.revoked_at.is_(None),
                    Login.ends_at > now(),
                )
            )
        if alive is None:
            raise TokenProblem(ErrorCode.TOKEN_INVALID)
        return Identity(
            user_id=claims.user_id, login_id=alive, token_id=None, ends_at=claims.ends_at
        )

    def _identify_personal(self, token: str) -> Identity:
        with self._database.read() as session:
            found = session.scalar(
                select(AccessToken).where(AccessToken.token_hash == token_hash(token))
            )
            if found is None:
                raise TokenProblem(ErrorCode.TOKEN_INVALID)
            if found.ends_at <= clock(session):
                raise TokenProblem(ErrorCode.TOKEN_EXPIRED)
        self._uses.record(found.id)
        return Identity(
            user_id=found.user_id, login_id=None, token_id=found.id, ends_at=found.ends_at
        )

    def create_personal_token(
        self, identity: Identity, *, name: str | None, days: int
    ) -> tuple[AccessToken, str]:
        """Create a personal token by a login; returns its row and the token itself.

        Raises TokenProblem if the login has just ended, TokenRefused.
        """
        with self._database.write() as session:
            lock_user(session, identity.user_id)
            # Locked: ending all logins ends this token too, or finds it not yet created.
            living = (Login.id == identity.login_id, Login.revoked_at.is_(None))
            locked = select(Login.id).where(*living).with_for_update(read=True)
            if session.scalar(locked) is None:
                raise TokenProblem(ErrorCode.TOKEN_INVALID)
            return personal_tokens.create(session, identity.user_id, name=name, days=days)

    def log_out(self, identity: Identity, *, everywhere: bool) -> None:
        """End this login, or all logins and personal tokens of the user."""
        this = (Login.id == identity.login_id, Login.revoked_at.is_(None))
        with self._database.write() as session:
            detail = "all" if everywhere else ""
            audit.record(session, AuditEvent.LOGOUT, user=identity.user_id, detail=detail)
            if everywhere:
                end_logins(session, identity.user_id)
            else:
                session.execute(update(Login).where(*this).values(revoked_at=now()))

    def still_valid(self, identities: set[Identity]) -> set[Identity]:
        """Return the identities whose login or personal token is still valid."""
        logins = [i.login_id for i in identities if i.login_id]
        tokens = [i.token_id for i in identities if i.token_id]
        with self._database.read() as session:
            moment = clock(session)
            alive: set[str] = set(
                session.scalars(
                    select(Login.id).where(Login.id.in_(logins), Login.revoked_at.is_(None))
                )
            ) | set(session.scalars(select(AccessToken.id).where(AccessToken.id.in_(tokens))))
        return {i for i in identities if (i.login_id or i.token_id) in alive and i.ends_at > moment}

    def get_user(self, user_id: int) -> User:
        """Return a user that is known to exist."""
        with self._database.read() as session:
            return session.get_one(User, user_id)


def end_logins(session: Session, user_id: int) -> None:
    """End all logins and personal tokens of a user, and approved devices without tokens yet."""
    session.execute(delete(DeviceLogin).where(DeviceLogin.user_id == user_id))
    living = (Login.user_id == user_id, Login.revoked_at.is_(None))
    session.execute(update(Login).where(*living).values(revoked_at=now()))
    # Last: a login that is just creating one holds its row until then.
    session.execute(delete(AccessToken).where(AccessToken.user_id == user_id))


def _new_login(session: Session, user: User, *, ttl_s: float) -> Login:
    moment = clock(session)
    login = Login(
        id=uuid.uuid4().hex,
        user_id=user.id,
        refresh_jti=uuid.uuid4().hex,
        rotated_at=moment,
        created_at=moment,
        ends_at=moment + ttl_s,
    )
    session.add(login)
    return login


def _is_unchanged(session: Session, user: User) -> bool:
    """Lock a user; returns whether the password is still the one that was checked."""
    unchanged = (User.id == user.id, User.password_hash == user.password_hash)
    locked = select(User.id).where(*unchanged).with_for_update(read=True)
    return session.scalar(locked) is not None
