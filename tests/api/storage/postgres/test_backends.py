"""A process that is frozen in the middle of a COPY does not keep what it has locked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from api.storage.postgres import backends
from api.storage.store import SqlStore
from domain.imports import UNFINISHED
from tests.contracts.conftest import opened, store_url
from tests.contracts.samples import an_upload

__all__ = ["store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

_WAITS = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND wait_event = 'ClientRead'"


async def claimed(store: SqlStore) -> str | None:
    async with store.transaction() as tx:
        upload = await tx.uploads.claim("other", states=UNFINISHED, now_ms=10**13, lease_ms=10_000)
    return upload.id if upload else None


async def never_ending() -> AsyncIterator[bytes]:
    yield b""
    await asyncio.Event().wait()


async def test_an_import_whose_process_is_frozen_in_a_copy_can_be_claimed(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        async with store.transaction() as tx:
            await tx.uploads.add(an_upload("x"))
        settings = {"application_name": "fasttrack"}
        owner, observer = [await asyncpg.connect(store_url, server_settings=settings) for _ in range(2)]
        pid = owner.get_server_pid()
        await owner.execute("BEGIN; SELECT 1 FROM uploads FOR UPDATE; CREATE TEMP TABLE t (a text)")
        copying = asyncio.create_task(owner.copy_to_table("t", source=never_ending()))
        while not await observer.fetchval(_WAITS, pid):  # noqa: ASYNC110 - the database tells nobody.
            await asyncio.sleep(0.01)

        assert await claimed(store) is None
        monkeypatch.setattr(backends, "FROZEN_SECONDS", 0)
        while (found := await claimed(store)) is None:  # noqa: ASYNC110 - nor of an end.
            await asyncio.sleep(0.01)
        assert found == "x"

        copying.cancel()
        await asyncio.wait([copying])
        owner.terminate()
        await observer.close()
