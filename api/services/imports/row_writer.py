"""What becomes of good rows: new events, changes of stored ones, rows of a mended import, or a dry run."""

from collections.abc import Sequence
from typing import Any

from api.services.imports.lease import Clock
from api.services.imports.repairs import ENTRIES_AT_ONCE, join, repairable
from api.services.imports.running_import import RunningImport
from api.services.store import Store, Transaction
from domain.imports import OnDuplicate, RejectedRow, Upload
from domain.merge import Merged, MergeRule, merge_rule
from domain.ports.events import EventBatch
from domain.seen_rows import SeenRows


class RowWriter:
    """Writes the rows of one import within the transactions of its job."""

    def __init__(self, running: RunningImport, store: Store, now_ms: Clock) -> None:
        """Write by the options of an import."""
        self._running = running
        self._store = store
        self._now_ms = now_ms
        self._seen: SeenRows | None = None

    async def prepare(self, on_duplicate: OnDuplicate) -> None:
        """Let indexes catch up that keys are looked up by; each step is a transaction of its own."""
        if on_duplicate == "insert":
            return
        more = True
        while more and not self._running.cancel_requested:
            async with self._store.transaction() as tx:
                more = await tx.events.prepare_to_merge(ENTRIES_AT_ONCE)

    def rule(self, columns: list[dict[str, Any]] | None) -> MergeRule | None:
        """Return how rows of a file with these columns meet stored events; None where each is a new one."""
        options = self._running.upload.options
        fields = [column["field"] for column in columns or () if column["field"]]
        return merge_rule(options.on_duplicate, options.key, fields, options.defaults)

    def start_over(self) -> None:
        """Write the file from its first row: what was tried before counts no more."""
        self._seen = None

    async def write(
        self, tx: Transaction, upload: Upload, batch: EventBatch, rule: MergeRule | None, *, stores: bool
    ) -> Merged:
        """Store good rows, or find out what would become of them; return what did."""
        at_ms = self._now_ms()
        if rule is not None and batch.count:
            self._seen = self._seen or SeenRows()
            return await tx.events.merge_batch(
                batch,
                rule,
                upload_id=upload.id,
                at_ms=at_ms,
                dry_run=None if stores else self._seen,
                met=self._seen if stores else None,
            )
        outcomes = bytes(batch.count)
        if not (stores and batch.count):
            return Merged(outcomes)
        ids = await tx.events.insert_batch(batch, upload_id=upload.id, at_ms=at_ms)
        return Merged.all_created(ids)

    async def join(
        self,
        tx: Transaction,
        upload_id: str,
        batch: EventBatch,
        kept: Sequence[RejectedRow | None],
        rule: MergeRule | None,
    ) -> Merged:
        """Store mended rows as rows of the import that rejected them; this one only reports them."""
        upload = repairable(await tx.uploads.get(upload_id, to_change=True), upload_id)
        joined = await join(tx, upload, batch, kept, rule, at_ms=self._now_ms())
        await tx.uploads.save(joined.upload)
        await tx.messages.append(joined.drafts)
        # What was created belongs to the other import; what the store warns of is told of both.
        return Merged(joined.merged.outcomes, warnings=joined.merged.warnings)
