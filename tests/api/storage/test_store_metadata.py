"""The time zone of a store is that of the processes that serve it."""

import logging
import time
from pathlib import Path

import pytest

from api.storage.store import open_store
from domain.ports.errors import StoreUnusableError
from tests.contracts.conftest import opened, postgres, postgres_database

__all__ = ["postgres"]

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
