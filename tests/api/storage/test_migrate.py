"""Migrations lead to the tables that the queries expect."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
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


def test_events_of_an_older_store_are_in_the_indexes(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/x.sqlite3")
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    texts = ("title", "description", "event_date", "city", "participants", "title_key", "description_key")
    numbers = ("id", "instant_us", "version", "created_ms", "updated_ms")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        cells = dict.fromkeys([*texts, "city_key"], "x") | dict.fromkeys(numbers, 1)
        names = ", ".join(cells)
        connection.exec_driver_sql(
            f"INSERT INTO events ({names}) VALUES ({', '.join('?' * len(cells))})",
            (*cells.values(),),
        )
        migrate(connection)
        found = "SELECT id FROM events INDEXED BY events_city WHERE city_key = 'x' AND is_indexed = 1"
        assert connection.exec_driver_sql(found).all() == [(1,)]
    engine.dispose()
