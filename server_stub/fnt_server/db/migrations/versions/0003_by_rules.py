"""Sentences that fell back to `rules`.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade."""
    op.add_column("steps", sa.Column("by_rules", sa.JSON()))


def downgrade() -> None:
    """Downgrade."""
    with op.batch_alter_table("steps") as steps:
        steps.drop_column("by_rules")
