"""Names and last use of personal tokens.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade."""
    op.add_column("access_tokens", sa.Column("name", sa.String(length=80)))
    op.add_column("access_tokens", sa.Column("last_used_at", sa.Double()))


def downgrade() -> None:
    """Downgrade."""
    with op.batch_alter_table("access_tokens") as tokens:
        tokens.drop_column("last_used_at")
        tokens.drop_column("name")
