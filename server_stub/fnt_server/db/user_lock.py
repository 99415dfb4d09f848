"""The lock under which a user's things are counted against a limit."""

from __future__ import annotations

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from fnt_server.db.models import User


def lock_user(session: Session, user_id: int | ScalarSelect[int]) -> None:
    """Serialize the requests of one user, so that each sees what the others add.

    Take it before any lock on a job or login: the removal of a user takes them in this order. On
    SQLite, which has one lock for everything, they wait anyway.
    """
    session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
