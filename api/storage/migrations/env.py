"""Alembic runs this: migrate over the connection that the store is being opened with."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=False)
context.run_migrations()
