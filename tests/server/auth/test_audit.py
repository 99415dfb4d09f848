"""The audit log: hostile text, bounds, and lines that outlive their user."""

from __future__ import annotations

import pytest

from fnt_server.auth import audit, users
from fnt_server.auth.audit import AuditEvent
from fnt_server.auth.logins import Authenticator
from fnt_server.auth.tokens import TokenProblem, TokenSigner
from fnt_server.config.token_lifetimes import REPLAY_WINDOW_S
from fnt_server.db.connection import Database
from fnt_server.db.models import AuditLine, Login
from server.aging import make_older
from server.records import make_password_user

EMAIL, PASSWORD = "ann@example.org", "correct horse battery"


@pytest.fixture
def authenticator(database: Database) -> Authenticator:
    make_password_user(database, EMAIL, PASSWORD)
    return Authenticator(database, TokenSigner(b"k" * 32), access_ttl_s=900)


def lines(database: Database, email: str | None = None) -> list[tuple[str, str, str]]:
    found = audit.newest(database, limit=1000, email=email)
    return [(line.event, line.email, line.detail) for line in found]


def test_failures_keep_addresses_and_nothing_else_that_was_typed(
    database: Database, authenticator: Authenticator
) -> None:
    for typed in (EMAIL, "nobody@example.org", "my secret password", "a\0b@c", "\ud800@b", ""):
        assert authenticator.log_in(typed, "wrong") is None

    emails = [email for _event, email, _detail in lines(database)]
    assert emails == [EMAIL, "nobody@example.org", "-", "-", "-", "-"]


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\u202e", "\x9b31m", "x" * 300, "a\nb", "\x00"])
def test_hostile_text_is_made_safe_and_fits(database: Database, hostile: str) -> None:
    before = audit.address.set(f"10.0.0.1 {hostile}")
    with database.write() as session:
        audit.record(session, AuditEvent.LOGIN, user=f"a{hostile}@b", detail=hostile)
    audit.address.reset(before)

    (line,) = audit.newest(database, limit=1)
    assert line.address.isprintable()
    assert line.email.isprintable()
    assert line.detail.isprintable()


def test_a_line_outlives_its_user(database: Database) -> None:
    users.add_user(database, EMAIL, PASSWORD)
    users.set_password(database, EMAIL, "battery of horses")
    users.remove_user(database, EMAIL)

    events = [event for event, _email, _detail in lines(database, EMAIL)]
    assert events == ["user_added", "password_changed", "user_removed"]
    assert lines(database, "bob@example.org") == []


def test_a_stolen_refresh_token_is_told(database: Database, authenticator: Authenticator) -> None:
    pair = authenticator.log_in(EMAIL, PASSWORD)
    assert pair is not None
    authenticator.refresh(pair.refresh_token)
    make_older(database, Login.rotated_at, seconds=REPLAY_WINDOW_S + 1)

    with pytest.raises(TokenProblem):
        authenticator.refresh(pair.refresh_token)

    assert lines(database)[-1][:2] == ("login_revoked", EMAIL)


def test_old_lines_are_deleted(
    database: Database, authenticator: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        authenticator.log_in(EMAIL, "wrong")
    make_older(database, AuditLine.at, seconds=10 * 86400)
    authenticator.log_in(EMAIL, PASSWORD)

    assert len(audit.newest(database, limit=9, days=5)) == 1
    audit.delete_old(database, days=11)
    assert len(lines(database)) == 4
    monkeypatch.setattr(audit, "MAX_LINES", 2)
    audit.delete_old(database, days=11)
    assert len(lines(database)) == 2
    audit.delete_old(database, days=9)
    assert [event for event, _email, _detail in lines(database)] == ["login"]
