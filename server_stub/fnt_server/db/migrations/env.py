"""Runs migrations on a connection that `fnt_server.db.schema` hands over."""

from alembic import context

from fnt_server.db.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
