"""An atomic import cancelled through another server while its rows are being stored: all of it or nothing."""

from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest

from tests.api.services.imports.conftest import World, nothing_staged
from tests.api.services.imports.site import serve
from tests.contracts.conftest import postgres, store_url

__all__ = ["postgres", "store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

ROWS = 40
PIECES = 4
ROW = b"row %02d\n"
LONGER_THAN_A_LEASE_MS = 20_000


class Gate:
    """Holds the transaction that stores all rows before one of its steps, until it is opened.

    Its steps are the batches, and behind them the end of the import.
    """

    def __init__(self, at):
        self._at = at
        self.passed = 0
        self.reached = anyio.Event()
        self.opened = anyio.Event()

    async def pass_through(self):
        self.passed += 1
        if self.passed == self._at:
            self.reached.set()
            await self.opened.wait()


class Gated:
    """A store, or a part of one, that goes through a gate."""

    def __init__(self, inner, gate):
        self._inner = inner
        self._gate = gate

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @asynccontextmanager
    async def transaction(self):
        async with self._inner.transaction() as tx:
            yield Gated(tx, self._gate)

    @property
    def events(self):
        return Gated(self._inner.events, self._gate)

    @property
    def uploads(self):
        return Gated(self._inner.uploads, self._gate)

    async def insert_batch(self, *args, **options):
        await self._gate.pass_through()
        return await self._inner.insert_batch(*args, **options)

    async def save(self, upload):
        if self._gate.passed >= PIECES:
            await self._gate.pass_through()
        await self._inner.save(upload)


@pytest.fixture
def world(store_url, tmp_path, monkeypatch):
    monkeypatch.setattr("api.services.imports.service.CANCEL_CHECK_SECONDS", 0.01)
    piece = ROWS * len(ROW % 1) // PIECES
    monkeypatch.setattr("api.services.imports.staged_reader.PIECE_BYTES", (piece, piece, piece))
    return World(tmp_path, store_url)


@pytest.mark.parametrize("lease", ["holds", "ends meanwhile"])
@pytest.mark.parametrize("at", range(1, PIECES + 2))
async def test_an_atomic_import_cancelled_by_another_process_stores_all_or_nothing(world, at, lease):
    gate = Gate(at)
    answers = []

    async def cancel(site):
        answers.append(await site.http.post("/uploads/x/cancel"))

    with anyio.fail_after(30):
        async with (
            world.process(partial(Gated, gate=gate), owner="first") as first,
            world.process(owner="second") as second,
            serve(world, second) as site,
        ):
            body = await first.begin(world.wanted(mode="atomic"))
            await body.write(b"".join(ROW % n for n in range(1, ROWS + 1)))
            await body.complete()
            await gate.reached.wait()
            assert await world.titles() == []
            async with anyio.create_task_group() as group:
                group.start_soon(cancel, site)
                # The first is told through the database, and sees it while its transaction is open.
                await world.until(body.running, lambda running: running.cancel_requested)
                if lease == "ends meanwhile":
                    world.now_ms += LONGER_THAN_A_LEASE_MS
                gate.opened.set()
            told, titles, upload = await world.feed(), await world.titles(), await world.upload()
    # Behind its last batch it looks once more whether it was asked to stop; then it is too late.
    status = "cancelled" if at <= PIECES else "completed"
    rows = ROWS if status == "completed" else 0
    assert titles == [(ROW % n).decode().strip() for n in range(1, rows + 1)]
    assert (upload.state, upload.accepted) == (status, rows)
    assert [(m["status"], m["accepted"]) for m in told if m["type"] == "finished"] == [(status, rows)]
    if status == "cancelled":
        assert (answers[0].status_code, answers[0].json()["status"]) == (200, "cancelled")
    else:
        assert answers[0].status_code == 409
        assert "import x is completed" in answers[0].json()["detail"]
    async with world.process():  # It begins no import anew, and leaves no file.
        assert (await world.upload()).state == status
        assert await world.titles() == titles
        # Its lease ended meanwhile: then the file is an orphan's, which a start sweeps up behind itself.
        await nothing_staged(world.store)
