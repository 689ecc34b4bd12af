"""`fasttrack backup` while many write and an import runs: the copy is whole, as of one moment."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
import httpx
import pytest

from tests.api.cli.test_backup import Store, add, anyio_backend, postgres, store_url

__all__ = ["anyio_backend", "postgres", "store_url"]

pytestmark = pytest.mark.anyio

WRITERS = 6
ROWS = 20_000
BACKUPS = 3
CSV = "titulo,data,cidade\n" + "".join(f"Linha {n},2026-06-24,Olinda\n" for n in range(ROWS))


class Written:
    """How many events each writer was told are stored."""

    def __init__(self) -> None:
        self.counts = [0] * WRITERS
        self.is_over = False

    async def write(self, client: httpx.AsyncClient, writer: int) -> None:
        while not self.is_over:
            await add(client, f"{writer}/{self.counts[writer]}")
            self.counts[writer] += 1


async def every_title(client: httpx.AsyncClient) -> list[str]:
    answer = await client.get("/api/v1/eventos/download", params={"format": "json"})
    return [event["title"] for event in answer.json()]


def check_writers(titles: Sequence[str], at_least: Sequence[int], at_most: Sequence[int]) -> None:
    """Each writer's events are there from its first to some moment of the backup, without a gap."""
    for writer in range(WRITERS):
        own = [title for title in titles if title.startswith(f"{writer}/")]
        assert sorted(own) == sorted(f"{writer}/{n}" for n in range(len(own)))
        # One more than was known may be stored, its answer on the way.
        assert at_least[writer] <= len(own) <= at_most[writer] + 1


async def test_a_copy_is_whole_while_an_import_runs_and_many_write(store_url: str, tmp_path: Path) -> None:
    store, written = Store(store_url, tmp_path / "data"), Written()
    taken: list[tuple[Path, list[int], list[int]]] = []
    async with (
        store.served(calls_per_minute=10**6) as (_, client),
        anyio.create_task_group() as group,
    ):
        for writer in range(WRITERS):
            group.start_soon(written.write, client, writer)
        file = {"file": ("a.csv", CSV)}
        group.start_soon(partial(client.post, "/api/v1/uploads", params={"upload_id": "large"}, files=file))
        for n in range(BACKUPS):
            backup, before = tmp_path / f"{n}.backup", [*written.counts]
            await store.done("backup", str(backup))
            taken.append((backup, before, [*written.counts]))
        written.is_over = True
    for backup, at_least, at_most in taken:
        await store.done("restore", str(backup), "--force")
        async with store.served() as (_, client):
            check_writers(await every_title(client), at_least, at_most)
            await check_the_import(client)


async def check_the_import(client: httpx.AsyncClient) -> None:
    """An import that was not there yet is not there; one whose bytes were all there goes on to its end."""
    upload = await client.get("/api/v1/uploads/large")
    rows = [title for title in await every_title(client) if title.startswith("Linha")]
    if upload.status_code == 404:
        assert rows == []
        return
    if upload.json()["status"] in {"receiving", "interrupted"}:
        # Half of its bytes were there: what is stored of it is its first rows.
        assert sorted(rows) == sorted(f"Linha {n}" for n in range(len(rows)))
        return
    with anyio.fail_after(60):
        while (await client.get("/api/v1/uploads/large")).json()["status"] != "completed":  # noqa: ASYNC110
            await anyio.sleep(0.05)
    rows = [title for title in await every_title(client) if title.startswith("Linha")]
    assert sorted(rows) == sorted(f"Linha {n}" for n in range(ROWS))
