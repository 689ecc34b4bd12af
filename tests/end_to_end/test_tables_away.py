"""The tables of a served store go away and come back, as by `pg_restore --clean`: the server stays."""

import asyncio
import logging
from collections import Counter
from pathlib import Path

import anyio
import asyncpg
import pytest

from tests.contracts.conftest import postgres, postgres_database
from tests.serving import serving

__all__ = ["postgres"]

pytestmark = pytest.mark.anyio

EVENT = {"title": "Festa", "event_date": "2026-06-24T20:00:00", "city": "Recife"}
AWAY_SECONDS = 8.0
"""Longer than the pause between two looks of every background job."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_server_outlives_tables_that_are_restored_under_it(
    postgres: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with postgres_database() as url:
        async with serving(tmp_path, database_url=url, auth="open") as served, served.client() as client:
            assert (await client.post("/api/v1/eventos", json=EVENT)).status_code == 201
            database = await asyncpg.connect(url)
            with caplog.at_level(logging.WARNING):
                await database.execute("ALTER SCHEMA public RENAME TO away; CREATE SCHEMA public")
                await asyncio.sleep(AWAY_SECONDS)
                assert (await client.get("/readyz")).status_code == 503
                assert (await client.get("/healthz")).status_code == 200
            await database.execute("DROP SCHEMA public; ALTER SCHEMA away RENAME TO public")
            await database.close()
            with anyio.fail_after(30):
                while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - it sets no event.
                    await asyncio.sleep(0.1)
            assert (await client.post("/api/v1/eventos", json=EVENT)).status_code == 201
    loops = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert not [one.getMessage() for one in loops if one.levelno >= logging.CRITICAL]
    often = Counter(one.msg for one in loops)
    assert max(often.values()) < 2 * AWAY_SECONDS, often
