"""Runs the steps on the connection that `upgrade` gives."""

from alembic import context

from birthmark.registry.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
