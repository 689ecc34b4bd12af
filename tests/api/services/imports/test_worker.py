"""Every call of the storage port fails in turn, and every row ends in one place once all the same.

Each case fails the first call and every third; the cases of one kind of call take turns, so that each call
of it is refused in one of them and has its answer lost in another. A thorough run does so over PostgreSQL,
too, where a process takes longer to come and to go, and over SQLite fails every call in each case.
"""

from contextlib import asynccontextmanager
from functools import partial
from itertools import count

import anyio
import pytest

from api.parsing.pool import ParserPool
from api.storage.event_packing import pack
from domain.ports.errors import StorageFullError, StorageUnavailableError
from tests.api.services.imports.conftest import World, nothing_staged
from tests.api.services.imports.site import serve
from tests.api.services.imports.test_container import workbook_of
from tests.conftest import THOROUGH
from tests.contracts.conftest import postgres, store_url

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio

ROWS = 300
UPLOADS = "/uploads"
CSV = "title,event_date,city\n" + "".join(f"row {n},2026-01-02,Recife\n" for n in range(1, ROWS + 1))
FILES = {
    "csv": CSV.encode(),
    "xlsx": workbook_of(Agenda=[line.split(",") for line in CSV.splitlines()]),
}
CASES = [("csv", "partial"), ("csv", "atomic"), ("xlsx", "partial")]


@pytest.fixture
def world(store_url, tmp_path, monkeypatch):
    # In four pieces, of which all but the first are read in another process.
    monkeypatch.setattr("api.services.imports.staged_reader.PIECE_BYTES", (2000, 2000, 2000))
    return World(tmp_path, store_url)


class Failing:
    """A store whose n-th call of a kind fails: with nothing done, or with all done and the answer lost."""

    def __init__(self, store, *, kind, at, lost):
        self._store = store
        self._kind = kind
        self._at = at
        self._lost = lost
        self._calls = 0
        self.blobs = FailingBlobs(self, store.blobs)

    def __getattr__(self, name):
        return getattr(self._store, name)

    @property
    def has_failed(self):
        return self._calls >= self._at

    def before(self, kind):
        """Count a call, fail it if it is the one; return whether it is to fail when it is done."""
        self._calls += kind == self._kind
        fails = kind == self._kind and self._calls == self._at
        if fails and not self._lost:
            raise StorageFullError("no room")
        return fails

    @asynccontextmanager
    async def transaction(self):
        async with self._store.transaction() as tx:
            yield tx
            fails = self.before("commit")
        self.after(fails)

    def after(self, fails):
        if fails:
            raise StorageUnavailableError("the answer was lost")


class FailingBlobs:
    def __init__(self, failing, blobs):
        self._failing = failing
        self._blobs = blobs

    def __getattr__(self, name):
        return getattr(self._blobs, name)

    async def append(self, *args):
        return await self._call("append", args)

    async def read(self, *args):
        return await self._call("read", args)

    async def delete(self, *args):
        return await self._call("delete", args)

    async def _call(self, kind, args):
        fails = self._failing.before(kind)
        result = await getattr(self._blobs, kind)(*args)
        self._failing.after(fails)
        return result


async def deliver(site, content, upload_id, **options):
    """Send a file as a patient client does, who goes on wherever the server says that it is."""
    headers = {"Prefer": "wait=20"}
    for _ in range(10):
        head = await site.http.head(f"{UPLOADS}/{upload_id}")
        had = int(head.headers.get("Upload-Offset", 0))
        sent = headers | ({"Upload-Offset": str(had)} if head.status_code == 200 else {})
        answer = await site.upload(content[had:], sent, upload_id=upload_id, **options)
        if answer.status_code in {201, 202}:
            return
        assert answer.status_code in {409, 503, 507}, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        if answer.json().get("errors", [{}])[0].get("code") == "wrong_state":
            return  # An answer was lost, and it was that all is in.
    raise AssertionError(f"it cannot be delivered: {answer.text}")


async def completed(world, upload_id):
    with anyio.fail_after(30):
        # Polled, since nobody is told of a commit whose answer was lost.
        while world.imports.active or (await world.upload(upload_id)).state != "completed":  # noqa: ASYNC110
            await anyio.sleep(0.005)


def calls_to_fail(world, turn):
    """Number the calls of a kind that fail, one an import."""
    every = 1 if THOROUGH and not world.url.startswith("postgresql") else 3
    return (at for at in count(1) if at == 1 or at % every == turn % every)


@pytest.mark.parametrize(
    "store_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.thorough)], indirect=True
)
@pytest.mark.parametrize("kind", ["commit", "append", "read", "delete"])
@pytest.mark.parametrize("lost", [False, True], ids=["refused", "lost"])
@pytest.mark.parametrize(("form", "mode"), CASES)
async def test_each_row_is_stored_or_rejected_once_whichever_call_fails(world, kind, lost, form, mode):
    stored = 0
    async with ParserPool("America/Recife", pack, read_here_bytes=2000).running() as readers:
        world.open_source = readers.open_source
        for at in calls_to_fail(world, CASES.index((form, mode)) + lost):
            process = world.process(partial(Failing, kind=kind, at=at, lost=lost))
            async with process as imports:
                async with serve(world, imports) as site:
                    await deliver(site, FILES[form], f"u{at}", mode=mode)
                    await completed(world, f"u{at}")
                stored += ROWS
                told = await world.feed(f"upload/u{at}")
                assert len(await world.titles()) == stored
                assert [m["record"] for m in told if "record" in m] == list(range(1, ROWS + 1))
                assert [m["type"] for m in told].count("finished") == 1
                has_failed = imports._store.has_failed
            if not has_failed:
                break
        assert at > 1
    async with world.process():  # What a deletion did not reach goes with the next start, soon.
        await nothing_staged(world.store)
