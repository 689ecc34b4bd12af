"""Bring a database's tables up to date, by the migrations that come with the package."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from api.storage.schema import (
    blob_chunks,
    feed_head,
    id_heads,
    image_batches,
    indexes,
    metadata,
    postgres_indexes,
)
from api.storage.unusable import NewerSchemaError, OlderSchemaError

HEAD = "0018"
"""The latest migration. A test holds it against the folder."""

LOCK = 0x66747261
"""A key for PostgreSQL's advisory locks: any number that no other program uses."""

_ALEMBIC_VERSION = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic creates it."""

_FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: sa.Connection, *, upgrades: bool = True) -> None:
    """Run missing migrations within the connection's transaction; an empty database needs none of them.

    Without `upgrades`, tables of an earlier version are left as they are: its servers may be running.
    """
    if connection.dialect.name == "postgresql":
        # Processes that start at once wait here: one migrates, the others find it done.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    version = _version(connection)
    if version == HEAD:
        return
    if version is None:
        _create(connection)
        return
    if fault := why_unknown(version):
        raise NewerSchemaError(fault)
    if not upgrades:
        raise OlderSchemaError(f"was made by an earlier version of FastTrack (its tables are {version})")
    # Alembic takes a quarter of a second to import, and is needed once in the life of a version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _create(connection: sa.Connection) -> None:
    """Create the tables as the latest migration leaves them, in a third of the time of all migrations."""
    for table in metadata.sorted_tables:
        connection.execute(CreateTable(table))
    others = postgres_indexes if connection.dialect.name == "postgresql" else {}
    for index in indexes:
        if columns := others.get(str(index.name)):
            connection.exec_driver_sql(f"CREATE INDEX {index.name} ON events ({', '.join(columns)})")
        else:
            connection.execute(CreateIndex(index))
    if connection.dialect.name == "postgresql":
        # To compress them would take longer than to write them.
        for column in (image_batches.c.body, blob_chunks.c.content):
            never = "SET STORAGE EXTERNAL"
            connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ALTER COLUMN {column.name} {never}")
    connection.execute(sa.insert(feed_head).values(id=1, seq=0, oldest=0))
    connection.execute(sa.insert(id_heads).values(name="events", last=0))
    _ALEMBIC_VERSION.create(connection)
    connection.execute(sa.insert(_ALEMBIC_VERSION).values(version_num=HEAD))


def known_versions() -> set[str]:
    """Return the versions of the tables that this program can start from."""
    return {path.name[:4] for path in (_FOLDER / "versions").glob("[0-9]*.py")}


def why_unknown(version: str | None) -> str | None:
    """Return what is wrong with tables that this program cannot start from; None for those that it can."""
    if version is None or version in known_versions():
        return None
    return f"was made by a newer version of FastTrack (its tables are {version})"


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return version
