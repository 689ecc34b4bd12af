"""A database URL as operators copy it from a provider reaches the driver and the programs of PostgreSQL."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from api.settings import SettingError, read_settings
from api.storage.postgres.address import connect_seconds, driver_url, password_environment, public_url
from api.storage.postgres.database import PostgresDatabase
from api.storage.store import open_store
from domain.ports.errors import StorageError, StorageUnavailableError
from tests.contracts.conftest import postgres_database

pytestmark = pytest.mark.anyio

DRIVER_URLS = {
    "postgres://ana@db/x": "postgresql://ana@db/x",
    "postgresql+asyncpg://ana@db:6432/x": "postgresql://ana@db:6432/x",
    "postgresql://db/x?sslmode=require": "postgresql://db/x?sslmode=require",
    "postgresql://db/x?ssl=require": "postgresql://db/x?sslmode=require",
    "postgresql://db/x?connect_timeout=10&sslmode=disable": "postgresql://db/x?sslmode=disable",
    "postgresql://ana:p%40ss@db/x": "postgresql://ana:p%40ss@db/x",
    "postgresql://ana:p#s/s?@db/x": "postgresql://ana:p%23s%2Fs%3F@db/x",
    "postgresql:///x?host=/run/postgresql": "postgresql:///x?host=%2Frun%2Fpostgresql",
}
SECRETS = [
    "postgresql://ana:secret@db/x?sslmode=require",
    "postgresql://ana:se%63ret@db/x",
    "postgresql://db/x?user=ana&password=secret",
    "postgresql://db/x?pass%77ord=secret",
    "postgresql://db/x?sslkey=/k.pem&sslpassword=secret",
]


@pytest.mark.parametrize("url", DRIVER_URLS)
def test_the_driver_gets_a_url_with_the_parameters_of_libpq(url: str) -> None:
    assert driver_url(url) == DRIVER_URLS[url]


@pytest.mark.parametrize("url", SECRETS)
def test_a_url_on_a_command_line_has_no_secret(url: str) -> None:
    assert "secret" not in public_url(url)
    assert "*" not in public_url(url)
    assert ("PGPASSWORD" in password_environment(url)) == ("sslpassword" not in url)


@pytest.mark.parametrize(("text", "seconds"), [("10", 10), ("0", 3), ("x", 3), ("-1", 3)])
def test_the_time_to_connect_is_the_one_of_the_url_or_the_default(text: str, seconds: float) -> None:
    assert connect_seconds(f"postgresql://db/x?connect_timeout={text}", 3) == seconds


@pytest.mark.parametrize(
    "parameters",
    [
        "sslmode=prefer&connect_timeout=5&application_name=panel",
        "ssl=disable&target_session_attrs=read-write",
        "options=-c%20work_mem%3D5MB",
    ],
)
async def test_a_store_opens_with_the_parameters_of_providers(postgres: str, parameters: str) -> None:
    url = read_settings({"FASTTRACK_DATABASE_URL": f"{postgres}?{parameters}"}).database_url or ""
    database = PostgresDatabase(url, 8)
    try:
        async with database.alone() as connection:
            # By this name the commands for backups know that a server runs.
            told = await connection.exec_driver_sql("SHOW application_name")
            assert told.scalar_one() == "fasttrack"
    finally:
        await database.aclose()


@pytest.mark.parametrize("name", ["channel_binding", "schema", "pgbouncer", "sslmod", "keepalives"])
def test_a_parameter_that_is_not_obeyed_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(SettingError, match=name) as refusal:
        read_settings({"FASTTRACK_DATABASE_URL": f"postgresql://ana:secret@db/x?{name}=require"})
    assert "secret" not in str(refusal.value)


WHY: dict[str, tuple[Any, str]] = {
    "a wrong mode": ("postgresql://127.0.0.1/x?sslmode=bogus", "sslmode"),
    "nobody listens": ("postgresql://ana:secret@127.0.0.1:1/x", "cannot be reached"),
    "no such host": ("postgresql://ana:secret@nothing.invalid/x", "cannot be reached"),
    "no such socket": ("postgresql:///x?host=/nowhere", "cannot be reached"),
    "no such file": ("postgresql://127.0.0.1/x?sslmode=verify-full&sslrootcert=/no.pem", "No such file"),
}


@pytest.mark.parametrize("case", WHY)
async def test_a_database_that_cannot_be_reached_is_reported_with_the_reason(case: str) -> None:
    url, reason = WHY[case]
    database = PostgresDatabase(url, 8)
    try:
        with pytest.raises(StorageUnavailableError, match=reason) as refusal:
            async with database.alone():
                pass
        assert "secret" not in str(refusal.value)
    finally:
        await database.aclose()


UNUSABLE = {
    "tables of another program": (
        ["GRANT ALL ON SCHEMA public TO PUBLIC", "CREATE TABLE events (name text)"],
        "another program",
    ),
    "no right to create tables": (
        ["REVOKE CREATE ON SCHEMA public FROM PUBLIC"],
        "GRANT ALL ON SCHEMA public",
    ),
    "no right to the schema": (["REVOKE ALL ON SCHEMA public FROM PUBLIC"], "GRANT ALL ON SCHEMA public"),
    "read only": (["ALTER DATABASE {name} SET default_transaction_read_only = on"], "accepts no changes"),
}


@pytest.mark.parametrize("case", UNUSABLE)
async def test_a_database_that_cannot_be_the_store_is_reported_with_what_to_do(
    postgres: str, case: str
) -> None:
    statements, said = UNUSABLE[case]
    with postgres_database() as url:
        name = url.rpartition("/")[2]
        connection = await asyncpg.connect(url)
        for statement in (f"CREATE ROLE {name} LOGIN", *statements):
            await connection.execute(statement.format(name=name))
        await connection.close()
        as_user = sa.make_url(url).set(username=name).render_as_string(hide_password=False)
        try:
            with pytest.raises(StorageError, match=said):
                await open_store(as_user, committed=list, data_dir=Path("unused"), timezone="UTC")
        finally:
            connection = await asyncpg.connect(postgres)
            await connection.execute(f"DROP ROLE {name}")
            await connection.close()
