"""The time zone of a store is that of the processes that serve it."""

import logging
import time
from pathlib import Path

import anyio
import asyncpg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from api.__main__ import main
from api.storage.backup import RESTORED
from api.storage.schema import meta
from api.storage.store import SqlStore, open_store
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


async def _after_restore(url: str, folder: Path, *options: str) -> Result:
    where = ["--data-dir", str(folder), *(["--database-url", url] if url else [])]
    return await anyio.to_thread.run_sync(
        lambda: CliRunner().invoke(main, ["after-restore", *where, *options])
    )


async def _is_marked(store: SqlStore) -> bool:
    """Return whether its webhooks are to be disabled."""
    async with store._database.reading() as unit:
        return await unit.first(sa.select(meta.c.text).where(meta.c.key == RESTORED)) is not None


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_copy_begins_anew_once_by_the_command(postgres: str, tmp_path: Path, keeps: bool) -> None:
    """Though servers of the original were at work when it was made; the time zone stays that of the store."""
    with postgres_database() as url:
        async with opened(url, tmp_path, [], timezone="Europe/Lisbon") as store:
            assert store.live is not None
            await store.live.renew("other", now_ms=time.time_ns() // 1_000_000, lease_ms=60_000)
        copy = await _copied(url)
        try:
            done = await _after_restore(copy, tmp_path, *(["--keep-webhooks"] if keeps else []))
            assert done.exit_code == 0, done.output
            epochs = []
            for _ in range(2):
                async with opened(copy, tmp_path, [], timezone="Europe/Lisbon") as again:
                    epochs.append(again.epoch)
                    assert await _is_marked(again) is not keeps
            assert epochs[0] == epochs[1] != store.epoch
        finally:
            connection = await asyncpg.connect(url)
            await connection.execute(f"DROP DATABASE {copy.rpartition('/')[2]} WITH (FORCE)")
            await connection.close()


async def test_the_command_is_refused_where_a_server_runs_or_no_store_is(
    store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        if store.live is not None:
            await store.live.renew("other", now_ms=time.time_ns() // 1_000_000, lease_ms=60_000)
        epoch = store.epoch
        refused = await _after_restore(store_url, tmp_path)
        assert refused.exit_code == 1
        assert "stop" in refused.output
    async with opened(store_url, tmp_path, []) as store:
        assert store.epoch == epoch
    nowhere = await _after_restore("", tmp_path / "mistyped")
    assert "there is no store" in nowhere.output
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_store_that_was_put_back_by_other_means_begins_anew_by_a_command(
    store_url: str, tmp_path: Path, keeps: bool
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        before = store.epoch
    done = await _after_restore(store_url, tmp_path, *(["--keep-webhooks"] if keeps else []))
    assert done.exit_code == 0, done.output
    async with opened(store_url, tmp_path, []) as store:
        assert store.epoch != before
        assert await _is_marked(store) is not keeps
