"""Bring a database's tables up to date, by the migrations that come with the package."""

from pathlib import Path

import sqlalchemy as sa

HEAD = "0004"
"""The latest migration. A test holds it against the folder."""

_LOCK = 0x66747261
"""Of PostgreSQL's advisory locks: any number that nobody else takes."""

_FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: sa.Connection) -> None:
    """Run what is missing within the connection's transaction."""
    if connection.dialect.name == "postgresql":
        # Processes that start at once wait here: one migrates, the others find it done.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    if _version(connection) == HEAD:
        return
    # Alembic takes a quarter of a second to import, and is needed once in the life of a version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return version
