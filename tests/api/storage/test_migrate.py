"""Migrations lead to the tables that the queries expect."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from api.storage.migrate import _FOLDER, HEAD, migrate
from api.storage.schema import metadata


def test_the_head_is_the_latest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrating_makes_the_tables_once(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    for _ in range(2):
        with engine.begin() as connection:
            migrate(connection)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
