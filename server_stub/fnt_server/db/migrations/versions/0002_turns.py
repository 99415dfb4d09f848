"""Time at which a step of each user was last claimed.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade."""
    op.add_column("users", sa.Column("served_at", sa.Double()))


def downgrade() -> None:
    """Downgrade."""
    # The table is rebuilt: options that are not repeated here are lost.
    with op.batch_alter_table("users", table_kwargs={"sqlite_autoincrement": True}) as users:
        users.drop_column("served_at")
