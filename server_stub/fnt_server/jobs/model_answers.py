"""What language models answered, kept for each user: the same sentence is asked once.

An answer belongs to the newest job that used it, and is deleted with it, be it by its user, by
retention or with the user. Those of the oldest jobs go first when a user has too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from fnt_server.db.connection import Database
from fnt_server.db.models import ModelAnswer

ROW_BYTES: Final = 200
"""What a row takes besides its pieces, about."""
KEPT_SHARE: Final = 0.9
"""Of the limit, once it was exceeded: what is over it is not deleted row by row."""
_KEYS_AT_ONCE: Final = 500


def find(
    database: Database, *, user_id: int, job_id: int, keys: Sequence[str]
) -> dict[str, list[str]]:
    """Return a user's answers by key; from now on they belong to this job, if it is newer."""
    found: dict[str, list[str]] = {}
    older: list[str] = []
    columns = (ModelAnswer.key, ModelAnswer.pieces, ModelAnswer.job_id)
    with database.read() as session:
        for some in _portions(keys):
            rows = select(*columns).where(ModelAnswer.user_id == user_id, ModelAnswer.key.in_(some))
            for key, pieces, owner in session.execute(rows):
                found[key] = pieces
                if owner < job_id:
                    older.append(key)
    if older:
        with database.write() as session:
            for some in _portions(older):
                taken = select(ModelAnswer.key).where(
                    ModelAnswer.user_id == user_id,
                    ModelAnswer.key.in_(some),
                    ModelAnswer.job_id < job_id,
                )
                # What another job takes over at this moment is skipped: nobody waits for anybody.
                free = taken.with_for_update(skip_locked=True)
                session.execute(
                    update(ModelAnswer)
                    .where(ModelAnswer.user_id == user_id, ModelAnswer.key.in_(free))
                    .values(job_id=job_id)
                    .execution_options(synchronize_session=False)
                )
    return found


def add(database: Database, *, user_id: int, job_id: int, answers: Mapping[str, list[str]]) -> None:
    """Store one or more answers of a user's job; answers already stored by a faster job stay."""
    insert = sqlite.insert if database.is_sqlite else postgresql.insert
    rows = [
        {
            "user_id": user_id,
            "key": key,
            "job_id": job_id,
            "pieces": pieces,
            "size": len(msgspec.json.encode(pieces)) + ROW_BYTES,
        }
        for key, pieces in sorted(answers.items())  # in one order: two jobs must not deadlock
    ]
    with database.write() as session:
        session.execute(insert(ModelAnswer).on_conflict_do_nothing(), rows)


def trim(database: Database, *, user_id: int, max_bytes: int) -> None:
    """Delete the answers of a user's oldest jobs, if all of them exceed the limit."""
    mine = ModelAnswer.user_id == user_id
    with database.read() as session:
        used = session.scalar(select(func.sum(ModelAnswer.size)).where(mine)) or 0
    if used <= max_bytes:
        return
    newest_first = (ModelAnswer.job_id.desc(), ModelAnswer.key)
    sums = select(
        ModelAnswer.key, func.sum(ModelAnswer.size).over(order_by=newest_first).label("bytes")
    )
    running = sums.where(mine).subquery()
    surplus = select(running.c.key).where(running.c.bytes > KEPT_SHARE * max_bytes)
    with database.write() as session:
        session.execute(
            delete(ModelAnswer)
            .where(mine, ModelAnswer.key.in_(surplus))
            .execution_options(synchronize_session=False)
        )


def _portions(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), _KEYS_AT_ONCE):
        yield ordered[start : start + _KEYS_AT_ONCE]
