"""The adapters that the contract suites run over."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
import pytest

from api.storage.store import SqlStore, open_store
from streams.stored import StoredMessage
from tests.conftest import unavailable

POSTGRES_URL = os.environ.get("FASTTRACK_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgres() -> str:
    """The URL of a server that is there, else a loud skip."""
    try:
        _execute("SELECT 1")
    except (OSError, asyncpg.PostgresError) as error:
        unavailable(f"PostgreSQL at {POSTGRES_URL} ({error})")
    return POSTGRES_URL


@contextmanager
def postgres_database(template: str = "template1") -> Iterator[str]:
    """Have the URL of a new database for the block: an empty one, or a copy of another that nobody uses."""
    name = f"fasttrack_test_{secrets.token_hex(6)}"
    _execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield f"{POSTGRES_URL.rstrip('/')}/{name}"
    finally:
        _execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, gone after the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.sqlite3"
        return
    request.getfixturevalue("postgres")
    with postgres_database() as url:
        yield url


@pytest.fixture
def told() -> list[StoredMessage]:
    """The messages that the store told after its commits."""
    return []


@pytest.fixture
async def store(store_url: str, tmp_path: Path, told: list[StoredMessage]) -> AsyncIterator[SqlStore]:
    async with opened(store_url, tmp_path, told) as opened_store:
        yield opened_store


@asynccontextmanager
async def opened(
    url: str, data_dir: Path, told: list[StoredMessage], *, timezone: str = "America/Recife"
) -> AsyncIterator[SqlStore]:
    """Open a store for a while."""
    store = await open_store(url, committed=told.extend, data_dir=data_dir, timezone=timezone)
    try:
        yield store
    finally:
        await store.aclose()


def _execute(sql: str) -> None:
    """Run a statement, also where the test's own thread runs a loop already."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(_statement(sql))).result()


async def _statement(sql: str) -> None:
    connection = await asyncpg.connect(POSTGRES_URL, timeout=60)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
