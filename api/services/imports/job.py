"""The job of one import: reads the staged file, commits batch by batch, ends once.

It can be killed between any two instructions and goes on from what is committed: each batch is one
transaction of events, rejected rows, messages, and the checkpoint after them.
"""

from collections import Counter
from functools import partial
from time import monotonic
from typing import Any

import msgspec

from api.services.imports.batch_totals import warnings_not_of_rows, with_batch, with_batch_alone, with_counts
from api.services.imports.blob_names import table_id
from api.services.imports.completion import end
from api.services.imports.container import kind_of, unpack
from api.services.imports.errors import ImportRefusedError
from api.services.imports.lease import Clock
from api.services.imports.progress import REPORTED_BY_BODY, ProgressReporter
from api.services.imports.returned_file import Returned, ReturnedFile, as_cells
from api.services.imports.row_source import Checkpoint, FileFacts, OpenSource, Portion, Table, doubted, joined
from api.services.imports.row_writer import RowWriter
from api.services.imports.running_import import RunningImport
from api.services.imports.sentences import log_line, warning_line
from api.services.imports.staged_file import GrowingFile, StagedFile, WholeFile
from api.services.imports.staged_reader import StagedReader, ready
from api.services.imports.undo import fail_without_rows
from api.services.store import Store, Transaction
from domain.imports import ENDED, EndState, MergeCounts, Upload
from domain.merge import Merged
from domain.messages import EventsChanged
from domain.problems import Problem, problem
from streams.messages import Draft, draft, timestamp


class Job:
    """Runs one import until it ends or must wait for bytes."""

    def __init__(
        self,
        running: RunningImport,
        *,
        store: Store,
        open_source: OpenSource,
        now_ms: Clock,
        rows: Counter[str],
    ) -> None:
        """Prepare to work on an import, and to count in `rows` what becomes of those it reads."""
        running.read_again()
        self._running = running
        self._store = store
        self._open_source = open_source
        self._now_ms = now_ms
        self._rows = rows
        self._checkpoint = Checkpoint()
        self._reporter = self._new_reporter(running.upload)
        self._writer = RowWriter(running, store, now_ms)
        self._returned: ReturnedFile | None = None

    async def run(self) -> None:
        """Run the import; after every return another job can continue."""
        await self._take_up()
        if self._running.upload.state in ENDED:
            return
        if self._may_read() and await self._has_rows_to_read():
            await self._read_all()
        if self._checkpoint.checked and not self._running.ended:
            await self._store_all()
        if self._running.cancel_requested:
            await self.cancel()
        elif self._running.body == "broken" and not self._running.ended:
            await self._interrupt()

    def _may_read(self) -> bool:
        return not (self._checkpoint.checked or self._running.upload.options.stage)

    async def cancel(self) -> None:
        """End as cancelled, unless it has ended; stored rows stay."""
        await self._end("cancelled")

    async def fail(self, error: Problem) -> None:
        """End as failed, unless it ended already."""
        await self._end("failed", error)

    async def _take_up(self) -> None:
        """Go on from what is stored."""
        stored = await self._running.reload(self._store)
        self._checkpoint = Checkpoint.load(stored.checkpoint)
        self._reporter = self._new_reporter(stored)
        if stored.started_at is None and not stored.options.stage:
            await self._running.change(self._store, self._start)

    async def _start(self, tx: Transaction, upload: Upload) -> Upload:
        started = msgspec.structs.replace(upload, started_at=self._now_ms())
        await tx.uploads.save(started)
        return started

    async def _has_rows_to_read(self) -> bool:
        """Return whether rows can be read now: those of a workbook are not before its file is whole."""
        if self._checkpoint.table or self._checkpoint.offset:
            return True
        kind = await kind_of(self._running, self._store.blobs, GrowingFile(self._running).has_bytes)
        if kind is None:
            return False
        if isinstance(kind, Problem):
            await self.fail(kind)
            return False
        self._checkpoint = msgspec.structs.replace(self._checkpoint, kind=kind)
        return await self._has_table() if kind == "packed" else True

    async def _has_table(self) -> bool:
        """Take out what a container holds, once it is whole."""
        self._running.wait_for_whole()
        if self._running.body != "complete":
            return False
        outcome = await unpack(self._running, self._store.blobs)
        if isinstance(outcome, Table):
            await self._running.change(self._store, partial(self._save_table, outcome))
        elif outcome is not None:
            await self.fail(outcome)
        return isinstance(outcome, Table)

    async def _save_table(self, table: Table, tx: Transaction, upload: Upload) -> Upload:
        self._checkpoint = Checkpoint(table=table)
        upload = msgspec.structs.replace(upload, checkpoint=self._checkpoint.dump())
        await tx.uploads.save(upload)
        return upload

    async def _read_all(self) -> None:
        options = self._running.upload.options
        if options.repairs_of:
            try:
                async with self._store.snapshot() as snapshot:
                    self._returned = await ReturnedFile.open(
                        self._running.upload, snapshot.uploads, self._open_source
                    )
            except ImportRefusedError as refused:
                # It was undone, or is gone, since this upload was accepted.
                await self.fail(refused.errors[0])
                return
        doubt = await self._first_doubt()
        by = self._returned.rules.options if self._returned else options
        await self._writer.prepare(by.on_duplicate)
        opened = self._open_source(as_cells(options) if self._returned else options, self._checkpoint)
        async with opened as source, self._reader().portions(source) as portions:
            async for first in portions:
                if self._running.is_to_stop:
                    return
                portion, returned = doubted(joined([first, *ready(portions)]), doubt), None
                if self._returned:
                    async with self._store.snapshot() as snapshot:
                        returned = await self._returned.judged(portion, snapshot.uploads)
                    portion = returned.portion
                await self._commit(portion, returned)
                if portion.ended or portion.fault:
                    return

    async def _first_doubt(self) -> Problem | None:
        """Return the doubt about the encoding of what is there, before the first row is stored."""
        upload, table = self._running.upload, self._checkpoint.table
        kind = table.kind if table else self._checkpoint.kind
        if kind != "csv" or upload.dialect is not None:
            return None
        return await self._reader().first_doubt(upload.options.encoding)

    async def _commit(self, portion: Portion, returned: Returned | None) -> None:
        is_stored = False

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            nonlocal is_stored
            is_stored = True
            at_ms = self._now_ms()
            drafts = self._report_facts(portion.facts, upload, at_ms) if portion.facts else []
            stores = not (upload.options.dry_run or upload.options.mode == "atomic")
            columns = portion.facts.columns if portion.facts else upload.columns
            merged = await self._write(tx, upload, portion, returned, columns, stores=stores)
            drafts += self._reporter.rows(
                portion.rows, merged, ended=portion.ended, total_bytes=upload.total_bytes, at_ms=at_ms
            )
            upload = with_batch(self._advanced(upload, portion, at_ms), merged)
            if portion.rows.rejected:
                await tx.uploads.add_rejected(upload.id, portion.rows.rejected)
            drafts += self._changed(upload, merged)
            return await self._save(tx, upload, portion, drafts)

        await self._running.change(self._store, edit)
        if is_stored:
            self._rows["accepted"] += portion.rows.events.count
            self._rows["rejected"] += len(portion.rows.rejected)

    async def _write(
        self,
        tx: Transaction,
        upload: Upload,
        portion: Portion,
        returned: Returned | None,
        columns: list[dict[str, Any]] | None,
        *,
        stores: bool,
    ) -> Merged:
        """Store the good rows of a portion, or find out what would become of them."""
        events, mended = portion.rows.events, upload.options.repairs_of
        rule = self._returned.rules.merge_rule if self._returned else self._writer.rule(columns)
        if returned and mended and stores:
            return await self._writer.join(tx, mended, events, returned.kept, rule)
        return await self._writer.write(tx, upload, events, rule, stores=stores)

    async def _save(self, tx: Transaction, upload: Upload, portion: Portion, drafts: list[Draft]) -> Upload:
        at_ms = self._now_ms()
        if portion.fault:
            drafts.extend(self._reporter.stop(total_bytes=upload.total_bytes, at_ms=at_ms))
            if portion.takes_all_out and not upload.options.repairs_of:
                return await fail_without_rows(tx, upload, portion.fault, at_ms=at_ms, before=drafts)
            return await end(tx, upload, "failed", at_ms=at_ms, error=portion.fault, before=drafts)
        if portion.ended and upload.options.mode == "atomic" and upload.rejected:
            return await self._end_refused(tx, upload, drafts)
        if portion.ended and (upload.options.mode == "partial" or upload.options.dry_run):
            return await self._end_completed(tx, upload, drafts)
        self._checkpoint = msgspec.structs.replace(
            self._checkpoint,
            offset=portion.offset,
            state=portion.state,
            story=self._reporter.story,
            checked=portion.ended,
        )
        upload = msgspec.structs.replace(upload, checkpoint=self._checkpoint.dump())
        await tx.uploads.save(upload)
        await tx.messages.append(drafts)
        return upload

    async def _store_all(self) -> None:
        """Store every row of an atomic import, whose rows are all known to be good, at once."""

        async def edit(tx: Transaction, upload: Upload) -> Upload:
            start = Checkpoint(table=self._checkpoint.table, kind=self._checkpoint.kind)
            whole, options, returning = Merged(b""), upload.options, None
            if options.repairs_of:
                returning = self._returned = await ReturnedFile.open(upload, tx.uploads, self._open_source)
                options = as_cells(options)
            self._writer.start_over()
            counts = MergeCounts()
            has_ended = False
            opened = self._open_source(options, start)
            async with opened as source, self._reader().portions(source) as portions:
                async for found in portions:
                    if self._running.cancel_requested:
                        break
                    returned = await returning.judged(found, tx.uploads) if returning else None
                    portion = returned.portion if returned else found
                    merged = await self._write(tx, upload, portion, returned, upload.columns, stores=True)
                    counts += merged.counts()
                    whole = whole.followed_by(merged)
                    has_ended = portion.ended
            if self._running.cancel_requested:
                raise _CancelRequestedError
            if not has_ended:
                raise RuntimeError("a checked file was not read to its end")
            self._reporter.counts = counts
            # What the check of the rows found out is told once, as it was done.
            upload = with_batch_alone(with_counts(upload, counts), whole)
            return await self._end_completed(tx, upload, self._changed(upload, whole))

        try:
            await self._running.change(self._store, edit)
        except _CancelRequestedError:
            return

    async def _end_completed(self, tx: Transaction, upload: Upload, drafts: list[Draft]) -> Upload:
        at_ms = self._now_ms()
        drafts.extend(self._reporter.end(total_bytes=self._running.staged, at_ms=at_ms))
        drafts.extend(
            warning_line(self._reporter.feed, warning, at_ms=at_ms, counted=True)
            for warning in upload.warnings
            if warning["code"] not in REPORTED_BY_BODY
        )
        return await end(tx, upload, "completed", at_ms=at_ms, before=drafts)

    async def _end_refused(self, tx: Transaction, upload: Upload, drafts: list[Draft]) -> Upload:
        at_ms = self._now_ms()
        drafts.extend(self._reporter.end(total_bytes=self._running.staged, at_ms=at_ms))
        error = problem("rows_rejected", rejected=upload.rejected, rows=upload.record)
        return await end(tx, upload, "failed", at_ms=at_ms, error=error, before=drafts)

    async def _end(self, state: EndState, error: Problem | None = None) -> None:
        async def edit(tx: Transaction, upload: Upload) -> Upload:
            return await end(tx, upload, state, at_ms=self._now_ms(), error=error)

        # After the end another process may need the lease, to undo it.
        if not self._running.ended:
            await self._running.change(self._store, edit)

    async def _interrupt(self) -> None:
        async def edit(tx: Transaction, upload: Upload) -> Upload:
            if self._running.body != "broken":
                return upload  # The rest began to come in this very moment.
            at_ms = self._now_ms()
            had = self._running.staged
            upload = msgspec.structs.replace(
                upload, state="interrupted", bytes_received=had, updated_at=at_ms
            )
            await tx.uploads.save(upload)
            feed = self._reporter.feed
            line = log_line(feed, "warning", "import.broke_off", at_ms=at_ms, offset=had)
            await tx.messages.append([line])
            return upload

        if self._running.upload.state != "interrupted":
            await self._running.change(self._store, edit)

    def _advanced(self, upload: Upload, portion: Portion, at_ms: int) -> Upload:
        last = portion.rows.notable[-1].row if portion.rows.notable else None
        facts = portion.facts
        return msgspec.structs.replace(
            with_counts(upload, self._reporter.counts),
            bytes_received=self._running.staged,
            accepted=self._reporter.accepted,
            rejected=self._reporter.rejected,
            line=last.line if last else upload.line,
            record=last.record if last else upload.record,
            dialect=facts.dialect if facts else upload.dialect,
            columns=facts.columns if facts else upload.columns,
            warnings=[*warnings_not_of_rows(upload), *portion.warnings],
            updated_at=at_ms,
        )

    def _report_facts(self, facts: FileFacts, upload: Upload, at_ms: int) -> list[Draft]:
        feed = self._reporter.feed
        lines = []
        if facts.dialect != upload.dialect:
            lines.append(log_line(feed, "info", "import.read_as", at_ms=at_ms, dialect=facts.dialect))
        columns = _used(facts.columns)
        if columns != _used(upload.columns or []):
            lines.append(log_line(feed, "info", "import.columns", at_ms=at_ms, columns=columns))
        return lines

    def _changed(self, upload: Upload, merged: Merged) -> list[Draft]:
        """Return the message of what a batch created and updated, if it did."""
        if merged.first_id is None:
            return []
        bounds, at = (merged.first_id, merged.last_id), timestamp(self._now_ms())
        return [draft(EventsChanged("eventos", at, "import", merged.changed, upload.id, *bounds))]

    def _reader(self) -> StagedReader:
        return StagedReader(self._running, self._store.blobs, self._file())

    def _file(self) -> StagedFile:
        """Return what is read: what was made of a workbook, or the file, whole once it was checked."""
        running, table = self._running, self._checkpoint.table
        if table is not None:
            return WholeFile(running, table_id(running.upload.id), table.size)
        if self._checkpoint.checked:
            return WholeFile(running, running.blob, self._checkpoint.offset)
        return GrowingFile(running)

    def _new_reporter(self, upload: Upload) -> ProgressReporter:
        return ProgressReporter(
            upload.id,
            self._checkpoint.story,
            accepted=upload.accepted,
            rejected=upload.rejected,
            counts=upload.counts,
            monotonic=monotonic,
        )


class _CancelRequestedError(Exception):
    """Rolls back the one transaction of an atomic import."""


def _used(columns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the name and field of each column that is used."""
    return [{"name": one["name"], "field": one["field"]} for one in columns if one["field"]]
