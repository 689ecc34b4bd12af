"""Bring a database's tables up to date, by the migrations that come with the package."""

import re
from collections.abc import Collection
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
from api.storage.unusable import ForeignSchemaError, NewerSchemaError, NoStoreError, OlderSchemaError

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

_OWN_TABLES = {*metadata.tables, _ALEMBIC_VERSION.name}
_IN_EVERY_VERSION = {"events", "feed_head", "meta", "users"}
"""What no other program has altogether, though its migrations may have numbers as ours have."""
_OF_NO_PROGRAM = ("sqlite_", "_litestream_")
"""How tables begin that SQLite keeps for itself, or that what copies a file adds to it."""


def migrate(connection: sa.Connection, *, creates: bool = True, upgrades: bool = True) -> None:
    """Run missing migrations within the connection's transaction; an empty database needs none of them.

    Without `upgrades`, tables of an earlier version are left as they are: its servers may be running.

    Raises:
        NoStoreError: there are no tables, and it is not to create them.
        ForeignSchemaError, NewerSchemaError, OlderSchemaError: there are other tables than it can use.
    """
    if connection.dialect.name == "postgresql":
        # Processes that start at once wait here: one migrates, the others find it done.
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    version = _version(connection)
    refuse_unknown(version, _tables(connection, version))
    if version == HEAD:
        return
    if version is None:
        if not creates:
            raise NoStoreError
        _create(connection)
        return
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


def refuse_unknown(version: str | None, tables: Collection[str]) -> None:
    """Raise where this program cannot start from what a database holds; an empty one has no version.

    Args:
        version: what `alembic_version` says, where it is there.
        tables: the names of all that matter.

    Raises:
        ForeignSchemaError: another program made the tables.
        NewerSchemaError: a newer version of this one did.
    """
    if is_foreign(version, tables):
        raise ForeignSchemaError
    if version is not None and (fault := why_newer(version)):
        raise NewerSchemaError(fault)


def is_foreign(version: str | None, tables: Collection[str]) -> bool:
    """Return whether tables are another program's: ours always have a version, of four digits."""
    if version is None:
        return not all(name.startswith(_OF_NO_PROGRAM) for name in tables)
    if re.fullmatch("[0-9]{4}", version) is None:
        return True
    return version in known_versions() and not _IN_EVERY_VERSION.issubset(tables)


def why_newer(version: str) -> str | None:
    """Return what is wrong with tables of a version that is not known here; None for those that are."""
    if version in known_versions():
        return None
    return f"was made by a newer version of FastTrack (its tables are {version})"


def _tables(connection: sa.Connection, version: str | None) -> list[str]:
    """Return the names of the tables that tell whether a database is ours, or free."""
    if connection.dialect.name != "postgresql":
        return sa.inspect(connection).get_table_names()
    schema = None
    if version is None:
        # Ours are made in the first schema of the search path: what a later one has is not in their way.
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    # Others may stand beside ours there, as those of extensions.
    return [name for name in sa.inspect(connection).get_table_names(schema=schema) if name in _OWN_TABLES]


def _version(connection: sa.Connection) -> str | None:
    """Return which version the tables are of; None where there are none, or where nothing says it."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    columns = {column["name"] for column in sa.inspect(connection).get_columns("alembic_version")}
    if "version_num" not in columns:
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)
