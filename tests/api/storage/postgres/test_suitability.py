"""A database that cannot be the store is refused at the start, in a sentence that says what to do."""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from click.testing import CliRunner

from api.__main__ import main
from api.storage.postgres.suitability import CREATE
from api.storage.store import open_store
from domain.ports.errors import StorageUnavailableError, StoreUnusableError
from tests.api.storage.postgres.pooler import pooler
from tests.contracts.conftest import POSTGRES_URL, postgres, postgres_database

__all__ = ["postgres"]

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("postgres")]


def execute(*statements: str, url: str = POSTGRES_URL) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url, timeout=60)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(run())).result()


async def start(url: str, folder: Path, *, serves: bool = True, connections: int = 23) -> None:
    """Open the store at a URL, and close it."""
    store = await open_store(
        url,
        committed=lambda _: None,
        data_dir=folder,
        timezone="UTC",
        serves=serves,
        connections=connections,
    )
    async with store.transaction() as tx:
        await tx.messages.append([("eventos", b'{"type":"x"}', False)])
    await store.aclose()


@contextmanager
def database_in(encoding: str) -> Iterator[str]:
    name = f"fasttrack_test_{secrets.token_hex(6)}"
    execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    try:
        yield f"{POSTGRES_URL.rstrip('/')}/{name}"
    finally:
        execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_database_that_takes_no_changes_is_refused(tmp_path: Path) -> None:
    read_only = role_with(lambda role, _: f"ALTER ROLE {role} SET default_transaction_read_only = on")
    refused = pytest.raises(StorageUnavailableError, match=r"accepts no changes: .*read only")
    with read_only as url, refused:
        await start(url, tmp_path)


def test_doctor_tells_a_database_that_takes_no_changes(tmp_path: Path) -> None:
    with role_with(lambda role, _: f"ALTER ROLE {role} SET default_transaction_read_only = on") as url:
        environment = {"FASTTRACK_DATABASE_URL": url, "FASTTRACK_DATA_DIR": str(tmp_path)}
        told = CliRunner().invoke(main, ["doctor"], env=environment)
    assert "accepts no changes" in told.output
    assert told.exit_code == 1


async def test_what_cannot_be_reached_is_told_with_its_address_but_no_password(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError) as refused:
        await start("postgresql://ana:geheim@127.0.0.1:1/events", tmp_path)
    assert "postgresql://ana@127.0.0.1:1/events" in str(refused.value)
    assert "geheim" not in str(refused.value)


def _serializable(role: str, _: str) -> str:
    return f"ALTER ROLE {role} SET default_transaction_isolation = serializable"


async def test_the_isolation_is_the_one_that_the_locks_are_meant_for(tmp_path: Path) -> None:
    """Another one gives up transactions that wait for each other's rows, which the caller would be told."""
    with role_with(_serializable) as url:
        store = await open_store(
            url, committed=lambda _: None, data_dir=tmp_path, timezone="UTC", serves=True, connections=23
        )

        async def write(number: int) -> None:
            async with store.transaction() as tx:
                await tx.messages.append([(f"feed {number % 2}", b'{"type":"x"}', False)])

        await asyncio.gather(*[write(number) for number in range(40)])
        await store.aclose()


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP", "WIN1252"])
@pytest.mark.parametrize("serves", [True, False])
async def test_a_database_that_cannot_hold_every_text_is_refused(
    tmp_path: Path, encoding: str, serves: bool
) -> None:
    with database_in(encoding) as url, pytest.raises(StoreUnusableError) as refused:
        await start(url, tmp_path, serves=serves)
    assert encoding in str(refused.value)
    assert CREATE in str(refused.value)


async def test_a_database_in_utf_8_of_any_collation_is_taken(tmp_path: Path) -> None:
    with database_in("UTF8") as url:
        await start(url, tmp_path)


@contextmanager
def role_with(limit: Callable[[str, str], str]) -> Iterator[str]:
    """Have the URL of a database for a user of its own, after a statement that limits one of them."""
    role = f"fasttrack_test_{secrets.token_hex(4)}"
    with postgres_database() as url:
        name = url.rpartition("/")[2]
        execute(
            f"CREATE ROLE {role} LOGIN PASSWORD 'x'",
            f"ALTER DATABASE {name} OWNER TO {role}",
            limit(role, name),
        )
        try:
            at = urlsplit(url)
            yield f"postgresql://{role}:x@{at.hostname}:{at.port or 5432}/{name}"
        finally:
            execute(f"REASSIGN OWNED BY {role} TO CURRENT_USER", url=url)
            execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER", f"DROP ROLE {role}")


LIMITS = {
    "role": lambda role, _name: f"ALTER ROLE {role} CONNECTION LIMIT 5",
    "database": lambda _role, name: f"ALTER DATABASE {name} CONNECTION LIMIT 5",
}


@pytest.mark.parametrize("limited", LIMITS)
async def test_too_few_connections_are_refused_where_a_process_serves(tmp_path: Path, limited: str) -> None:
    with role_with(LIMITS[limited]) as url:
        with pytest.raises(StoreUnusableError, match=r"5 connections, and a process needs 8 at least"):
            await start(url, tmp_path)
        # A command takes one or two.
        await start(url, tmp_path, serves=False)


async def test_fewer_connections_than_the_setting_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with role_with(lambda role, _name: f"ALTER ROLE {role} CONNECTION LIMIT 12") as url:
        await start(url, tmp_path)
        assert "may have 12 connections, FASTTRACK_DATABASE_CONNECTIONS is 23" in caplog.text
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            await start(url, tmp_path, connections=12)
        assert "FASTTRACK_DATABASE_CONNECTIONS" not in caplog.text


async def test_a_pooler_in_session_mode_is_taken_as_it_comes(tmp_path: Path) -> None:
    with postgres_database() as url, pooler(url, tmp_path, "session") as pooled:
        await start(pooled, tmp_path)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
async def test_a_pooler_that_does_not_keep_connections_is_refused(tmp_path: Path, mode: str) -> None:
    with (
        postgres_database() as url,
        pooler(url, tmp_path, mode) as pooled,
        pytest.raises(StoreUnusableError, match="pool_mode to session"),
    ):
        await start(pooled, tmp_path)


async def test_a_search_path_that_names_no_schema_is_named(tmp_path: Path) -> None:
    def lost(role: str, name: str) -> str:
        return f"ALTER ROLE {role} IN DATABASE {name} SET search_path TO nowhere"

    with role_with(lost) as url, pytest.raises(StoreUnusableError, match="search_path") as refused:
        await start(url, tmp_path)
    assert "owner" not in str(refused.value)


def test_the_doctor_looks_at_the_database(tmp_path: Path) -> None:
    command = ["doctor", "--data-dir", str(tmp_path), "--port", "0", "--database-url"]
    with database_in("LATIN1") as url:
        told = CliRunner().invoke(main, [*command, url])
    assert told.exit_code == 1
    assert re.search(r"FAIL +store +PostgreSQL: the database is in LATIN1", told.output)
    with postgres_database() as url:
        told = CliRunner().invoke(main, [*command, url])
    assert re.search(r"ok +store +PostgreSQL answers", told.output)
