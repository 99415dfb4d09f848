"""Bytes of stored results, which count toward the quota of a user.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade."""
    op.add_column("jobs", sa.Column("result_size", sa.BigInteger()))


def downgrade() -> None:
    """Downgrade."""
    with op.batch_alter_table("jobs", table_kwargs={"sqlite_autoincrement": True}) as jobs:
        jobs.drop_column("result_size")
