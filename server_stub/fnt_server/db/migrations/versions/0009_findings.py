"""What the analysis found out about a book, and how its pieces were cut.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Upgrade."""
    op.add_column("jobs", sa.Column("findings", sa.JSON()))
    op.add_column("jobs", sa.Column("quality", sa.JSON()))
    op.add_column("steps", sa.Column("quality", sa.JSON()))


def downgrade() -> None:
    """Downgrade."""
    with op.batch_alter_table("steps") as steps:
        steps.drop_column("quality")
    with op.batch_alter_table("jobs", table_kwargs={"sqlite_autoincrement": True}) as jobs:
        jobs.drop_column("quality")
        jobs.drop_column("findings")
