"""Device logins, and the number of wrong codes a user typed.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Upgrade."""
    op.create_table(
        "device_logins",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("client", sa.String(length=80), nullable=False),
        sa.Column("host", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        sa.Column("polled_at", sa.Double()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("device_hash"),
        sa.UniqueConstraint("code_hash"),
    )
    op.create_index("ix_device_logins_user_id", "device_logins", ["user_id"])
    op.add_column(
        "users", sa.Column("wrong_codes", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("users", sa.Column("wrong_codes_since", sa.Double()))


def downgrade() -> None:
    """Downgrade."""
    op.drop_table("device_logins")
    with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as users:
        users.drop_column("wrong_codes_since")
        users.drop_column("wrong_codes")
