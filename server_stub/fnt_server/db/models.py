"""The tables. Times are seconds since the epoch by the clock of the database."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    case,
    func,
    select,
)
from sqlalchemy import Integer as Int
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column

DAY_S = 86400.0

# SQLite generates ids only in a column declared INTEGER.
Id = BigInteger().with_variant(Int(), "sqlite")


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {float: Double(), dict[str, Any]: JSON()}  # noqa: RUF012 -- SQLAlchemy reads it from the class


class User(Base):
    """A user account."""

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[float]
    served_at: Mapped[float | None]
    """When one of their steps was last claimed: the user who has waited longest is next."""
    wrong_codes: Mapped[int] = mapped_column(default=0, server_default="0")
    """Unknown device codes typed since `wrong_codes_since`."""
    wrong_codes_since: Mapped[float | None]


class Login(Base):
    """One login on one machine: a family of refresh tokens that are revoked together."""

    __tablename__ = "logins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    refresh_jti: Mapped[str] = mapped_column(String(32))
    previous_jti: Mapped[str | None] = mapped_column(String(32))
    rotated_at: Mapped[float]
    created_at: Mapped[float]
    ends_at: Mapped[float]
    revoked_at: Mapped[float | None]


class AccessToken(Base):
    """A personal access token for machines, stored as its SHA-256."""

    __tablename__ = "access_tokens"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None] = mapped_column(String(80))
    """None for those of earlier releases."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[float]
    ends_at: Mapped[float]
    last_used_at: Mapped[float | None]
    """To the minute."""


class AuditLine(Base):
    """A line of the audit log; it outlives its user."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[float] = mapped_column(index=True)
    event: Mapped[str] = mapped_column(String(32))
    email: Mapped[str] = mapped_column(String(254), index=True)
    address: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(200))


class DeviceStatus(StrEnum):
    """The status of a device login."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"


class DeviceLogin(Base):
    """A program waiting for approval on the device page; both codes are stored as hashes."""

    __tablename__ = "device_logins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    device_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str] = mapped_column(String(80))
    host: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    """Who approved it."""
    interval_s: Mapped[int]
    polled_at: Mapped[float | None]
    created_at: Mapped[float]
    ends_at: Mapped[float]


class RetentionRule(Base):
    """Finished jobs are deleted after `days`, counted from `since` if they finished before it.

    No row: they are kept. Of several, the one that ends first counts for a job.
    """

    __tablename__ = "retention_rules"

    days: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[float]


class Job(Base):
    """A job. Written only by `fnt_server.jobs`."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("user_id", "idempotency_key"),
        Index("ix_jobs_status", "status"),
        Index("ix_jobs_user_sha256", "user_id", "sha256"),
        {"sqlite_autoincrement": True},  # ids of deleted jobs are never reused
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    version: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(16))
    original_filename: Mapped[str] = mapped_column(String(255))
    processing_settings: Mapped[dict[str, Any]]
    declared_sha256: Mapped[str | None] = mapped_column(String(64))
    sha256: Mapped[str | None] = mapped_column(String(64))
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    file_key: Mapped[str | None] = mapped_column(String(200))
    result_key: Mapped[str | None] = mapped_column(String(200))
    result_size: Mapped[int | None] = mapped_column(BigInteger)
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))
    page_count: Mapped[int | None]
    progress_percent: Mapped[int] = mapped_column(default=0)
    current_step: Mapped[str | None] = mapped_column(String(80))
    total_chunks: Mapped[int | None]
    processed_chunks: Mapped[int] = mapped_column(default=0)
    failed_chunks: Mapped[int] = mapped_column(default=0)
    sentence_count: Mapped[int | None]
    error_message: Mapped[str | None] = mapped_column(Text)
    error_code: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    retry_of: Mapped[int | None] = mapped_column(BigInteger)
    findings: Mapped[dict[str, Any] | None]
    """What the analysis found out: title, author, warnings."""
    quality: Mapped[dict[str, Any] | None]
    """How the pieces were cut."""
    created_at: Mapped[float]
    uploaded_at: Mapped[float | None]
    started_at: Mapped[float | None]
    completed_at: Mapped[float | None] = mapped_column()
    updated_at: Mapped[float]
    expires_at: Mapped[float | None] = column_property(
        select(
            func.min(
                RetentionRule.days * DAY_S
                + case(
                    (completed_at > RetentionRule.since, completed_at),
                    (completed_at.is_not(None), RetentionRule.since),
                )
            )
        ).scalar_subquery()
    )
    """When it is deleted; None while it runs, and where finished jobs are kept."""


class StepKind(StrEnum):
    """What a step does."""

    ANALYSE = "analyse"
    CHUNK = "chunk"
    MERGE = "merge"


class StepStatus(StrEnum):
    """The status of a step."""

    READY = "ready"  # waits for a worker, not before `not_before`
    RUNNING = "running"  # leased until `lease_ends_at`
    DONE = "done"
    FAILED = "failed"
    DROPPED = "dropped"  # its job ended without it


class Step(Base):
    """The unit of work. Writers must hold its newest `fence`."""

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("job_id", "kind", "number"),
        Index("ix_steps_status", "status", "not_before"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(16))
    lease_owner: Mapped[str | None] = mapped_column(String(32))
    lease_ends_at: Mapped[float | None]
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    lost_count: Mapped[int] = mapped_column("losses", default=0)
    not_before: Mapped[float]
    start_page: Mapped[int | None]
    end_page: Mapped[int | None]
    input_key: Mapped[str | None] = mapped_column(String(200))
    output_key: Mapped[str | None] = mapped_column(String(200))
    sentence_count: Mapped[int] = mapped_column(default=0)
    by_rules: Mapped[dict[str, Any] | None]
    """Number of sentences that fell back to `rules`, by reason."""
    quality: Mapped[dict[str, Any] | None]
    """How the pieces were cut."""
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_code: Mapped[str | None] = mapped_column(String(40))


class ModelAnswer(Base):
    """A model's pieces of a user's sentence; see `fnt_server.jobs.model_answers`."""

    __tablename__ = "model_answers"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Hash of the sentence, the model and the settings; see `fnt_server.engines.answer_store`."""
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    """The newest job that used it: it is deleted with that job."""
    pieces: Mapped[list[str]] = mapped_column(JSON)
    size: Mapped[int]
    """In bytes, as far as the limit per user is concerned."""


class Worker(Base):
    """A live worker, with its last heartbeat."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    slots: Mapped[int]
    seen_at: Mapped[float]
