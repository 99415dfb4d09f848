"""Builders of rows: users, jobs and steps at any point of their way."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import argon2
from sqlalchemy import select, update

from fnt.wire.jobs import ProcessingSettings
from fnt_server.auth.password_hashing import normalized_email
from fnt_server.db.connection import Database, now
from fnt_server.db.models import Job, Step, User
from fnt_server.jobs import creation, leases, step_results
from fnt_server.jobs.creation import NewJob, StoredFile
from fnt_server.jobs.leases import ClaimedStep
from fnt_server.jobs.step_results import ChunkPlan

T = TypeVar("T")

LEASE_S = 60.0
CHEAP_HASHER = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""A hash carries its parameters: a login with one of these takes no time to verify."""

_numbers = itertools.count(1)


def make_user(database: Database) -> int:
    """Add a user who cannot log in; returns the id."""
    user = User(email=f"user{next(_numbers)}@example.org", name="user", password_hash="-")
    with database.write() as session:
        user.created_at = session.scalar(select(now())) or 0.0
        session.add(user)
    return user.id


def make_password_user(database: Database, email: str, password: str) -> int:
    """Add a user who can log in; returns the id."""
    address = normalized_email(email)
    user = User(email=address, name="user", password_hash=CHEAP_HASHER.hash(password))
    with database.write() as session:
        user.created_at = session.scalar(select(now())) or 0.0
        session.add(user)
    return user.id


def new_job(user_id: int, **changes: Any) -> NewJob:
    values: dict[str, Any] = {
        "user_id": user_id,
        "original_filename": "roman.pdf",
        "settings": ProcessingSettings(),
        "request_hash": "0" * 64,
    }
    return NewJob(**{**values, **changes})


def stored_file(number: int = 1) -> StoredFile:
    return StoredFile(key=f"jobs/x/source-{number}.pdf", sha256=f"{number:064x}", size_bytes=100)


FILE = stored_file()


def make_job(database: Database, user_id: int, *, file: StoredFile | None = FILE) -> Job:
    """Add a job, ready to be analysed where it has a file."""
    job, _ = creation.confirm(database, new_job(user_id))
    return creation.attach_file(database, job.id, file)[0] if file else job


def claim(database: Database, *, owner: str = "w.1", lease_s: float = LEASE_S) -> ClaimedStep:
    """Take a step that must be there."""
    claimed = leases.claim(database, owner=owner, lease_s=lease_s)
    assert claimed is not None
    return claimed[0]


def plan(chunks: int) -> list[ChunkPlan]:
    return [
        ChunkPlan(number=k, start_page=k + 1, end_page=k + 1, input_key=f"jobs/x/work/{k}")
        for k in range(chunks)
    ]


def make_chunked(database: Database, user_id: int, *, chunks: int) -> Job:
    """Add a job whose analysis is done and whose chunks are ready. No other step may be ready."""
    make_job(database, user_id)
    claimed = claim(database)
    step_results.record_page_count(database, claimed, page_count=chunks, chunks=chunks)
    job = step_results.complete_analysis(database, claimed, plan(chunks))
    assert job is not None
    return job


def take_chunks(database: Database, user_id: int, *, chunks: int) -> tuple[Job, list[ClaimedStep]]:
    """Add a job all of whose chunks are being worked on."""
    job = make_chunked(database, user_id, chunks=chunks)
    return job, [claim(database) for _ in range(chunks)]


def complete_chunk(database: Database, claimed: ClaimedStep) -> Job | None:
    return step_results.complete_chunk(
        database, claimed, output_key=f"out/{claimed.number}", sentence_count=3
    )


def complete_merge(database: Database, claimed: ClaimedStep) -> Job | None:
    return step_results.complete_merge(database, claimed, result_key="result", sentence_count=9)


def fetch(database: Database, job_id: int) -> Job:
    with database.read() as session:
        return session.get_one(Job, job_id)


def fetch_steps(database: Database, job_id: int) -> list[Step]:
    with database.read() as session:
        return list(session.scalars(select(Step).where(Step.job_id == job_id).order_by(Step.id)))


def expire(database: Database, claimed: ClaimedStep) -> None:
    """Let a lease end, as if its holder had been silent for long."""
    with database.write() as session:
        session.execute(
            update(Step).where(Step.id == claimed.step_id).values(lease_ends_at=now() - 1.0)
        )


def make_due(database: Database) -> None:
    """Let the pause of every step be over."""
    with database.write() as session:
        session.execute(update(Step).values(not_before=now() - 1.0))


def at_once(actions: Sequence[Callable[[], T]]) -> list[T]:
    """Run all actions at the same moment, each in a thread; returns or raises what they do."""
    gate = Barrier(len(actions))

    def act(action: Callable[[], T]) -> T:
        gate.wait(10)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(30) for future in [pool.submit(act, a) for a in actions]]
