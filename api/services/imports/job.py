"""The work of one import: read what is staged, commit batch by batch, end once.

Can be killed between any two instructions: what is committed says how to go on. Each batch is one
transaction of events, rejected rows, messages and the checkpoint behind them.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import monotonic
from typing import Any

import anyio
import msgspec
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from api.services.imports.endings import ENDED, EndState, end
from api.services.imports.live import Clock, Live, table_id
from api.services.imports.narration import TOLD_BY_BODY, Narrator
from api.services.imports.portions import (
    Checkpoint,
    FileFacts,
    OpenSource,
    Portion,
    Rows,
    RowSource,
    Table,
    joined,
)
from api.services.imports.workbook import SIGNATURE, beginning, unpack
from api.services.store import Store, Transaction
from domain.imports import Upload
from domain.problems import Problem
from streams.messages import Draft, EventsChanged, draft, timestamp

PIECE_BYTES = (16 * 1024, 64 * 1024, 1024 * 1024)
"""Least, first and most that is read at once: the first rows soon, later ones in few commits."""

TOGETHER = 3
"""Portions that are committed at once where they are read quicker than stored: a commit has its own cost."""

IDLE_SECONDS = 5.0
"""Without a new byte for so long, an import gives its place at work to the next in line."""


class Job:
    """Brings one import forward, until it ended or has to wait for bytes."""

    def __init__(self, live: Live, *, store: Store, open_source: OpenSource, now_ms: Clock) -> None:
        """Prepare to work on an import."""
        live.seen = 0
        self._live = live
        self._store = store
        self._open_source = open_source
        self._now_ms = now_ms
        self._checkpoint = Checkpoint()
        self._narrator = self._new_narrator(live.upload)

    async def run(self) -> None:
        """Work; every return leaves a state from which another job can go on."""
        await self._take_up()
        if self._live.upload.state in ENDED:
            return
        if not self._checkpoint.checked and await self._has_rows_to_read():
            await self._read_all()
        if self._checkpoint.checked and not self._live.ended.is_set():
            await self._store_all()
        if self._live.cancel_requested:
            await self.cancel()
        elif self._live.body == "broken" and not self._live.ended.is_set():
            await self._interrupt()

    async def cancel(self) -> None:
        """End as cancelled, unless it ended already; rows already in stay."""
        await self._end("cancelled")

    async def fail(self, error: Problem) -> None:
        """End as failed, unless it ended already."""
        await self._end("failed", error)

    async def _take_up(self) -> None:
        """Go on from what is stored: a commit whose answer was lost may have happened."""
        async with self._store.transaction() as tx:
            # It may even be under way; the lease waits for its end.
            await self._live.lease.take(tx, self._live.upload.id)
            stored = await tx.uploads.get(self._live.upload.id)
        assert stored is not None
        self._live.settle(stored)
        self._checkpoint = Checkpoint.load(stored.checkpoint)
        self._narrator = self._new_narrator(stored)
        if stored.started_at is None:
            await self._live.change(self._store, self._start)

    async def _start(self, tx: Transaction, upload: Upload) -> Upload:
        started = msgspec.structs.replace(upload, started_at=self._now_ms())
        await tx.uploads.save(started)
        return started

    async def _has_rows_to_read(self) -> bool:
        """Tell whether rows can be read now: those of a workbook are not before its file is whole."""
        if self._checkpoint.table or self._checkpoint.offset:
            return True
        head = await beginning(self._live, self._store.blobs, self._has_bytes)
        if head != SIGNATURE:
            return head is not None
        self._live.needs_whole = True
        if self._live.body != "complete":
            return False
        outcome = await unpack(self._live, self._store.blobs)
        if isinstance(outcome, Table):
            await self._live.change(self._store, partial(self._save_table, outcome))
        elif outcome is not None:
            await self.fail(outcome)
        return isinstance(outcome, Table)

    async def _save_table(self, table: Table, tx: Transaction, upload: Upload) -> Upload:
        self._checkpoint = Checkpoint(table=table)
        upload = msgspec.structs.replace(upload, checkpoint=self._checkpoint.dump())
        if upload.state not in ENDED:
            await tx.uploads.save(upload)
        return upload

    async def _read_all(self) -> None:
        opened = self._open_source(self._live.upload.options, self._checkpoint)
        async with opened as source, self._portions(source) as portions:
            async for first in portions:
                if self._live.cancel_requested or self._live.ended.is_set():
                    return
                portion = joined([first, *_ready(portions, TOGETHER - 1)])
                await self._commit(portion)
                if portion.ended or portion.fault:
                    return

    @asynccontextmanager
    async def _portions(self, source: RowSource) -> AsyncIterator[MemoryObjectReceiveStream[Portion]]:
        """Read ahead: the next portions are read while the last ones are being stored."""
        send, receive = anyio.create_memory_object_stream[Portion](TOGETHER - 1)
        async with anyio.create_task_group() as group, receive:
            group.start_soon(self._read, source, send)
            yield receive
            group.cancel_scope.cancel()

    async def _read(self, source: RowSource, send: MemoryObjectSendStream[Portion]) -> None:
        least, size, most = PIECE_BYTES
        given: deque[int] = deque()
        last = False
        async with send:
            while given or await self._has_bytes(source.offset):
                while not last and self._may_give(source, len(given)):
                    given.append(size)
                    last = await self._give(source, size)
                portion = await source.portion()
                await send.send(portion)
                if portion.ended or portion.fault:
                    return
                size = _next_size(given.popleft(), portion.cpu_seconds, least, most)

    def _may_give(self, source: RowSource, given: int) -> bool:
        """Tell whether to give another piece at once: whoever reads one shall not wait for the next."""
        if given:
            return given < 2 and source.reads_ahead and self._is_readable(source.offset)
        return True

    async def _give(self, source: RowSource, size: int) -> bool:
        """Give the next piece to be read, of at most a size; return whether it is the last."""
        blob, is_complete, staged = self._live.blob, self._live.body == "complete", self._live.staged
        if table := self._checkpoint.table:
            blob, staged = table_id(self._live.upload.id), table.size
        piece = await self._store.blobs.read(blob, source.offset, size)
        self._live.seen = source.offset + len(piece)
        last = is_complete and self._live.seen >= staged
        await source.give(piece, last=last)
        return last

    async def _has_bytes(self, offset: int) -> bool:
        """Wait until there is something to read; False when there is not, for now."""
        live = self._live
        while not live.cancel_requested:
            stirred = live.stirred
            if self._is_readable(offset):
                return True
            if live.body != "coming":
                return False
            with anyio.move_on_after(IDLE_SECONDS) as idle:
                await stirred.wait()
            if idle.cancelled_caught:
                return False
        return False

    def _is_readable(self, offset: int) -> bool:
        live = self._live
        return live.body == "complete" or (live.staged > offset and not live.about_to_end)

    async def _commit(self, portion: Portion) -> None:
        async def edit(tx: Transaction, upload: Upload) -> Upload:
            if upload.state in ENDED:
                return upload
            at_ms = self._now_ms()
            drafts = self._facts_told(portion.facts, upload, at_ms) if portion.facts else []
            total_bytes = upload.total_bytes
            drafts += self._narrator.rows(
                portion.rows, ended=portion.ended, total_bytes=total_bytes, at_ms=at_ms
            )
            upload = self._advanced(upload, portion, at_ms)
            if portion.rows.rejected:
                await tx.uploads.add_rejected(upload.id, portion.rows.rejected)
            if not (upload.options.dry_run or upload.options.mode == "atomic"):
                upload = await self._insert(tx, upload, portion.rows, drafts)
            return await self._save(tx, upload, portion, drafts)

        await self._live.change(self._store, edit)

    async def _save(self, tx: Transaction, upload: Upload, portion: Portion, drafts: list[Draft]) -> Upload:
        at_ms = self._now_ms()
        if portion.fault:
            return await end(tx, upload, "failed", at_ms=at_ms, error=portion.fault, told_before=drafts)
        if portion.ended and upload.options.mode == "atomic" and upload.rejected:
            return await self._end_refused(tx, upload, drafts)
        if portion.ended and (upload.options.mode == "partial" or upload.options.dry_run):
            return await self._end_completed(tx, upload, drafts)
        story, table = self._narrator.story, self._checkpoint.table
        self._checkpoint = Checkpoint(portion.offset, portion.state, story, portion.ended, table)
        upload = msgspec.structs.replace(upload, checkpoint=self._checkpoint.dump())
        await tx.uploads.save(upload)
        await tx.messages.append(drafts)
        return upload

    async def _store_all(self) -> None:
        """Store every row of an atomic import, whose rows are all known to be good, at once."""

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            drafts: list[Draft] = []
            start = Checkpoint(table=self._checkpoint.table)
            async with self._open_source(upload.options, start) as source, self._portions(source) as portions:
                async for portion in portions:
                    if self._live.cancel_requested:
                        break
                    upload = await self._insert(tx, upload, portion.rows, None)
            if self._live.cancel_requested:
                raise _CancelRequestedError
            if upload.first_event_id is not None:
                drafts.append(self._changed(upload, upload.first_event_id, upload.accepted))
            return await self._end_completed(tx, upload, drafts)

        try:
            await self._live.change(self._store, edit)
        except _CancelRequestedError:
            return

    async def _insert(
        self, tx: Transaction, upload: Upload, rows: Rows, drafts: list[Draft] | None
    ) -> Upload:
        """Store the good rows; tell of them, where there are drafts to put that into."""
        if not rows.events.count:
            return upload
        ids = await tx.events.insert_batch(rows.events, upload_id=upload.id, at_ms=self._now_ms())
        first = ids[0] if upload.first_event_id is None else upload.first_event_id
        upload = msgspec.structs.replace(upload, first_event_id=first, last_event_id=ids[-1])
        if drafts is not None:
            drafts.append(self._changed(upload, ids[0], len(ids)))
        return upload

    async def _end_completed(self, tx: Transaction, upload: Upload, drafts: list[Draft]) -> Upload:
        at_ms = self._now_ms()
        drafts.extend(self._narrator.end(total_bytes=self._live.staged, at_ms=at_ms))
        drafts.extend(
            self._narrator.log("warning", _sentence(warning), at_ms=at_ms)
            for warning in upload.warnings
            if warning["code"] not in TOLD_BY_BODY
        )
        return await end(tx, upload, "completed", at_ms=at_ms, told_before=drafts)

    async def _end_refused(self, tx: Transaction, upload: Upload, drafts: list[Draft]) -> Upload:
        at_ms = self._now_ms()
        drafts.extend(self._narrator.end(total_bytes=self._live.staged, at_ms=at_ms))
        error = Problem(
            "",
            "rows_rejected",
            f"{upload.rejected} of {upload.record} rows were rejected, so nothing was stored",
        )
        upload = msgspec.structs.replace(upload, accepted=0)
        return await end(tx, upload, "failed", at_ms=at_ms, error=error, told_before=drafts)

    async def _end(self, state: EndState, error: Problem | None = None) -> None:
        async def edit(tx: Transaction, upload: Upload) -> Upload:
            if upload.state in ENDED:
                return upload
            if upload.options.mode == "atomic":  # Nothing of it is in.
                upload = msgspec.structs.replace(upload, accepted=0)
            return await end(tx, upload, state, at_ms=self._now_ms(), error=error)

        await self._live.change(self._store, edit)

    async def _interrupt(self) -> None:
        async def edit(tx: Transaction, upload: Upload) -> Upload:
            if self._live.body != "broken":
                return upload  # The rest began to come in this very moment.
            at_ms = self._now_ms()
            had = self._live.staged
            message = f"The upload broke off after {had} bytes; send the rest with Upload-Offset: {had}"
            upload = msgspec.structs.replace(
                upload, state="interrupted", bytes_received=had, updated_at=at_ms
            )
            await tx.uploads.save(upload)
            await tx.messages.append([self._narrator.log("warning", message, at_ms=at_ms)])
            return upload

        if self._live.upload.state != "interrupted":
            await self._live.change(self._store, edit)

    def _advanced(self, upload: Upload, portion: Portion, at_ms: int) -> Upload:
        last = portion.rows.notable[-1].row if portion.rows.notable else None
        facts = portion.facts
        return msgspec.structs.replace(
            upload,
            bytes_received=self._live.staged,
            accepted=self._narrator.accepted,
            rejected=self._narrator.rejected,
            line=last.line if last else upload.line,
            record=last.record if last else upload.record,
            dialect=facts.dialect if facts else upload.dialect,
            columns=facts.columns if facts else upload.columns,
            warnings=[*_known_before(upload), *portion.warnings],
            updated_at=at_ms,
        )

    def _facts_told(self, facts: FileFacts, upload: Upload, at_ms: int) -> list[Draft]:
        read_as = ", ".join(f"{name} {value!r}" for name, value in facts.dialect.items())
        fields = ", ".join(
            f"{column['name']} → {column['field']}" for column in facts.columns if column["field"]
        )
        lines = [f"Reading as {read_as}"]
        if facts.columns != upload.columns:
            lines.append(f"Columns: {fields}")
        return [self._narrator.log("info", line, at_ms=at_ms) for line in lines]

    def _changed(self, upload: Upload, first_id: int, count: int) -> Draft:
        at = timestamp(self._now_ms())
        return draft(EventsChanged("eventos", at, "import", count, upload.id, first_id, upload.last_event_id))

    def _new_narrator(self, upload: Upload) -> Narrator:
        return Narrator(
            upload.id,
            self._checkpoint.story,
            accepted=upload.accepted,
            rejected=upload.rejected,
            monotonic=monotonic,
        )


class _CancelRequestedError(Exception):
    """Rolls back the one transaction of an atomic import."""


def _ready(portions: MemoryObjectReceiveStream[Portion], most: int) -> Iterator[Portion]:
    """Yield those that wait already."""
    with suppress(anyio.WouldBlock, anyio.EndOfStream):
        for _ in range(most):
            yield portions.receive_nowait()


def _known_before(upload: Upload) -> list[dict[str, Any]]:
    """Return the warnings that the body gave, not the rows."""
    return [warning for warning in upload.warnings if warning["code"] in TOLD_BY_BODY]


def _sentence(warning: dict[str, Any]) -> str:
    return f"{warning['message']} ({warning['count']})"


def _next_size(size: int, cpu_seconds: float, least: int, most: int) -> int:
    """Return how much to read next, for portions of about 30 to 60 ms of work.

    Waits do not count: on a busy machine or a slow store, small portions would make all slower.
    """
    if cpu_seconds < 0.03:
        return min(most, size * 2)
    return max(least, size // 2) if cpu_seconds > 0.06 else size
