"""The time zone of a store is that of the processes that serve it."""

import logging
import time
from pathlib import Path

import anyio
import asyncpg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from api.__main__ import main
from api.storage.backup import RESTORED
from api.storage.schema import meta
from api.storage.store import open_store
from domain.ports.errors import StoreUnusableError
from tests.contracts.conftest import anyio_backend, opened, postgres, postgres_database, store_url

__all__ = ["anyio_backend", "postgres", "store_url"]

pytestmark = pytest.mark.anyio


async def test_another_time_zone_is_refused_while_others_serve_the_store(
    postgres: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with postgres_database() as url:
        async with opened(url, tmp_path, [], timezone="America/Recife") as store:
            assert store.live is not None
            await store.live.renew("other", now_ms=time.time_ns() // 1_000_000, lease_ms=15_000)
            with pytest.raises(StoreUnusableError) as refused:
                async with opened(url, tmp_path, [], timezone="Europe/Lisbon"):
                    pass
            assert "America/Recife" in str(refused.value)
            assert "Europe/Lisbon" in str(refused.value)
            async with opened(url, tmp_path, [], timezone="America/Recife"):
                pass
            await store.live.leave("other")
        with caplog.at_level(logging.WARNING):
            async with opened(url, tmp_path, [], timezone="Europe/Lisbon"):
                pass
        assert "time zone changed from America/Recife to Europe/Lisbon" in caplog.text


async def test_a_command_leaves_the_time_zone_to_the_servers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened("", tmp_path, [], timezone="America/Recife"):
        pass
    command = await open_store(
        "", committed=lambda _: None, data_dir=tmp_path, timezone="Europe/Lisbon", serves=False
    )
    await command.aclose()
    async with opened("", tmp_path, [], timezone="America/Recife"):
        pass
    assert "time zone changed" not in caplog.text


async def _copied(url: str) -> str:
    """Copy a database as `CREATE DATABASE … TEMPLATE` and `pg_restore` do; return the URL of the copy."""
    server, _, name = url.rpartition("/")
    connection = await asyncpg.connect(f"{server}/postgres")
    await connection.execute(f"CREATE DATABASE {name}_copy TEMPLATE {name}")
    await connection.close()
    return f"{url}_copy"


async def test_a_copied_database_begins_the_feed_anew_and_says_so(
    postgres: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with postgres_database() as url:
        epochs = []
        for _ in range(2):
            async with opened(url, tmp_path, []) as store:
                epochs.append(store.epoch)
        copy = await _copied(url)
        try:
            # A command changes nothing; the first server does, once.
            command = await open_store(
                copy, committed=lambda _: None, data_dir=tmp_path, timezone="UTC", serves=False
            )
            epochs.append(command.epoch)
            await command.aclose()
            assert "is a copy" not in caplog.text
            for _ in range(2):
                async with opened(copy, tmp_path, []) as store:
                    epochs.append(store.epoch)
            assert caplog.text.count("is a copy of another") == 1
        finally:
            connection = await asyncpg.connect(url)
            await connection.execute(f"DROP DATABASE {copy.rpartition('/')[2]} WITH (FORCE)")
            await connection.close()
    own, again, by_command, first, second = epochs
    assert own == again == by_command != first == second


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_store_that_was_put_back_by_other_means_begins_anew_by_a_command(
    store_url: str, tmp_path: Path, keeps: bool
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        before = store.epoch
    options = ["--data-dir", str(tmp_path), *(["--database-url", store_url] if store_url else [])]
    command = ["after-restore", *options, *(["--keep-webhooks"] if keeps else [])]
    done = await anyio.to_thread.run_sync(lambda: CliRunner().invoke(main, command))
    assert done.exit_code == 0, done.output
    async with opened(store_url, tmp_path, []) as store:
        assert store.epoch != before
        async with store._database.reading() as unit:
            row = await unit.first(sa.select(meta.c.text).where(meta.c.key == RESTORED))
        assert (row is None) is keeps
