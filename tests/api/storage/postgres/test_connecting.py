"""A connection has its settings without asking for them at its start, where a pooler refuses them."""

import asyncpg
import pytest

from api.storage.postgres import connecting
from api.storage.postgres.connecting import connect
from domain.ports.errors import StorageFullError, StorageUnavailableError
from tests.contracts.conftest import POSTGRES_URL, postgres

__all__ = ["postgres"]

pytestmark = pytest.mark.anyio

SETTINGS = {"application_name": "fasttrack", "statement_timeout": "12345", "tcp_user_timeout": "10000"}


async def test_only_the_name_of_the_program_is_sent_at_the_start(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[dict[str, str]] = []

    async def noted(server_settings, **arguments):
        began.append(server_settings)
        return await asyncpg_connect(server_settings=server_settings, **arguments)

    asyncpg_connect = asyncpg.connect
    monkeypatch.setattr(connecting.asyncpg, "connect", noted)
    connection = await connect(dsn=postgres, timeout=5, server_settings=SETTINGS)
    try:
        assert began == [{"application_name": "fasttrack"}]
        assert await connection.fetchval("SHOW statement_timeout") == "12345ms"
        assert await connection.fetchval("SHOW application_name") == "fasttrack"
    finally:
        await connection.close()


async def test_a_setting_that_is_refused_leaves_no_connection_behind(postgres: str) -> None:
    name = "fasttrack refused"
    with pytest.raises(StorageUnavailableError, match="no_such_setting"):
        await connect(dsn=postgres, server_settings={"application_name": name, "no_such_setting": "1"})
    observer = await asyncpg.connect(POSTGRES_URL)
    try:
        for _ in range(100):
            left = await observer.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name
            )
            if not left:
                return
            await observer.execute("SELECT pg_sleep(0.05)")
        pytest.fail("a connection stays")
    finally:
        await observer.close()


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        (asyncpg.exceptions.InternalServerError("could not write init file"), StorageUnavailableError),
        (asyncpg.exceptions.InternalServerError("x: No space left on device"), StorageFullError),
        (asyncpg.UndefinedTableError("x"), StorageUnavailableError),
        (ConnectionRefusedError(), StorageUnavailableError),
        (TypeError("a fault of the program"), TypeError),
    ],
)
async def test_a_failed_attempt_is_an_error_of_the_storage(
    monkeypatch: pytest.MonkeyPatch, error: Exception, meant: type[Exception]
) -> None:
    async def fails(**_arguments):
        raise error

    monkeypatch.setattr(connecting.asyncpg, "connect", fails)
    with pytest.raises(meant):
        await connect(dsn="postgresql://x/y")
