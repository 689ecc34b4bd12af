"""Merges batches of an import into stored events, and undoes imports."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from operator import ne
from typing import Protocol

from anyio.lowlevel import checkpoint

from api.storage import event_history
from api.storage.event_cells import (
    COUNTED,
    DESCRIPTION,
    OWN,
    TITLE,
    Cells,
    Known,
    counted,
    key_maker,
    packed_rows,
    rows_of,
    with_made_of,
)
from api.storage.event_keys import find_by_ids, find_by_keys
from api.storage.event_packing import Deltas, deltas_of
from api.storage.merge_plan import CREATED, MergePlan
from api.storage.unit_of_work import ChangedEvents, Unit
from domain.merge import Key, Merged, MergeRule, id_in
from domain.ports.events import EventBatch, TakeBackPosition, TakenBack
from domain.seen_rows import SeenRows

ROWS_AT_ONCE = 500
"""Are planned before others have a turn: a millisecond or two."""


class EventChanges(Protocol):
    """The part of the event store that merges use; a protocol, to avoid a circular import."""

    deltas: Deltas

    async def insert_batch(
        self, batch: EventBatch, *, upload_id: str | None, at_ms: int, found_by_key: bool = False
    ) -> range:
        """Store packed events and return their ids."""
        ...

    async def delete_ids(self, ids: Sequence[int]) -> int:
        """Delete events and return how many there were."""
        ...


class EventMerge:
    """Merges batches into the events of one unit of work, and undoes imports."""

    def __init__(self, unit: Unit, store: EventChanges) -> None:
        self._unit = unit
        self._store = store

    async def merge(
        self,
        batch: EventBatch,
        rule: MergeRule,
        *,
        upload_id: str,
        at_ms: int,
        dry_run: SeenRows | None,
        met: SeenRows | None,
    ) -> Merged:
        """Insert new events of a batch and update stored ones."""
        if dry_run is None:
            # Two imports that look for the same key at once would both not find it.
            await self._take_turn()
        plan = await self._planned(batch, rule, upload_id, dry_run, met)
        if dry_run is not None:
            return Merged(bytes(plan.outcomes), warnings=plan.warnings)
        ids = await self._create(batch, plan, upload_id, at_ms)
        own = _own(plan.before, upload_id)
        first = await self._keep(plan, own, upload_id, at_ms)
        await self.change(plan.before, plan.changed, at_ms=at_ms, kept_versions=own)
        touched = [*plan.changed, *ids[:1], *ids[-1:]]
        return Merged(
            bytes(plan.outcomes),
            min(touched, default=None),
            max(touched, default=None),
            ids[0] if ids else None,
            ids[-1] if ids else None,
            plan.warnings,
            len(ids) + len(plan.changed),
            len(ids) + first,
        )

    async def change(
        self,
        before: Mapping[int, Known],
        after: Mapping[int, Cells],
        *,
        at_ms: int,
        kept_versions: frozenset[int] = frozenset(),
    ) -> None:
        """Overwrite events and raise their versions by one, except for those whose versions are kept."""
        if not after:
            return
        groups: dict[tuple[bool, ...], list[int]] = {}
        for event_id in sorted(after):
            # A column is written only where it differs: an index is touched only for its own.
            differs = tuple(map(ne, before[event_id].cells, after[event_id]))
            groups.setdefault(differs, []).append(event_id)
        reworded = [ids for differs, ids in groups.items() if differs[TITLE] or differs[DESCRIPTION]]
        ids_of_texts = sorted(event_id for ids in reworded for event_id in ids)
        if ids_of_texts and self._unit.dialect.texts is not None:
            await self._unit.dialect.texts.begin_changes(self._unit, ids_of_texts)
        # A cached search or count is of events as they were.
        self._store.deltas["changes", ""] = 1
        for differs, ids in groups.items():
            raised = {event_id: int(event_id not in kept_versions) for event_id in ids}
            for columns, some in self._written([*compress(range(len(OWN)), differs)], ids, before, after):
                changed = ChangedEvents(some, [raised[event_id] for event_id in some], columns, at_ms)
                await self._unit.change_events(changed)

    def _written(
        self, places: list[int], ids: list[int], before: Mapping[int, Known], after: Mapping[int, Cells]
    ) -> Iterator[tuple[dict[str, list[str]], list[int]]]:
        """Count a change of some places, and yield the new columns of those that are written alike."""
        rows = [after[event_id] for event_id in ids]
        old, new = counted([before[event_id].cells for event_id in ids], places), counted(rows, places)
        if not COUNTED.isdisjoint(places):
            self._store.deltas.subtract(deltas_of(old))
            self._store.deltas.update(deltas_of(new))
        retyped = [*map(ne, old.venue_types, new.venue_types)]
        for is_retyped in {*retyped}:
            chosen = [one == is_retyped for one in retyped]
            types = [*compress(new.venue_types, chosen)] if is_retyped else []
            yield with_made_of(places, [*compress(rows, chosen)], types), [*compress(ids, chosen)]

    async def take_back(
        self, upload_id: str, position: TakeBackPosition, *, limit: int, at_ms: int
    ) -> TakenBack:
        """Undo a bounded part of an import: first the changed events, then the created ones."""
        await self._take_turn()
        if position.changed_after is not None:
            return await self._give_back(upload_id, at_ms)
        return await self._delete_created(upload_id, position.created_after, limit)

    async def _take_turn(self) -> None:
        """Wait for others that merge or undo: they lock many events, and not all by one statement."""
        await self._unit.dialect.lock(self._unit, "merges")

    async def _planned(
        self,
        batch: EventBatch,
        rule: MergeRule,
        upload_id: str,
        seen: SeenRows | None,
        met: SeenRows | None,
    ) -> MergePlan:
        rows, key_of = rows_of(batch), key_maker(rule.key)
        keys = [*map(key_of, rows)]
        ids = [*map(id_in, batch.ids)] if rule.has_ids and batch.ids else []
        by_id = _of_others(await find_by_ids(self._unit, ids), upload_id) if any(ids) else {}
        others, their_keys = _without_ids(rows, keys, ids, by_id)
        by_key = await find_by_keys(self._unit, others, their_keys, rule.key, key_of)
        plan = MergePlan(rule, upload_id, by_key, key_of, seen=seen, met=met)
        if seen is not None and seen.has_renamed:
            renamed = {event_id for key in {*their_keys} for event_id in seen.renamed_to(key)}
            plan.recall({*their_keys}, by_id | await find_by_ids(self._unit, renamed - by_id.keys()))
        for start in range(0, len(rows), ROWS_AT_ONCE):
            await checkpoint()
            some = slice(start, start + ROWS_AT_ONCE)
            if ids:
                plan.take_by_id(rows[some], keys[some], ids[some], by_id)
            else:
                plan.take_by_key(rows[some], keys[some])
        plan.end()
        return plan

    async def _create(self, batch: EventBatch, plan: MergePlan, upload_id: str, at_ms: int) -> range:
        if not all(outcome == CREATED for outcome in plan.outcomes):
            batch = packed_rows(plan.created)
        return await self._store.insert_batch(batch, upload_id=upload_id, at_ms=at_ms, found_by_key=True)

    async def _keep(self, plan: MergePlan, own: frozenset[int], upload_id: str, at_ms: int) -> int:
        """Keep what events were; return how many of them the import changes for the first time."""
        changed = [known for event_id, known in plan.before.items() if event_id not in own]
        if not changed:
            return 0
        return await event_history.keep_images(self._unit, upload_id, changed, at_ms=at_ms)

    async def _give_back(self, upload_id: str, at_ms: int) -> TakenBack:
        """Give back what the import changed last, so that of two changes of an event the later goes first."""
        batch = await event_history.newest_images(self._unit, upload_id)
        if batch is None:
            return TakenBack(TakeBackPosition(None, 0))
        stored = await find_by_ids(self._unit, batch.images)
        equal = await event_history.equal_versions(
            self._unit, {known.event_id: known.version for known in stored.values()}
        )
        untouched = {
            event_id: image.cells
            for event_id, image in batch.images.items()
            if equal.get(event_id) == image.version_after
        }
        await self.change(stored, untouched, at_ms=at_ms)
        versions = {
            event_id: (stored[event_id].version + 1, batch.images[event_id].version_before)
            for event_id in untouched
        }
        await event_history.mark_restored(self._unit, upload_id, batch.number, versions, at_ms=at_ms)
        # What becomes of an event is told where the import changed it first: there it is looked at last.
        first = {event_id for event_id, image in batch.images.items() if image.is_first}
        kept = sorted((stored.keys() - untouched.keys()) & first)
        restored = len(first & untouched.keys())
        return TakenBack(
            TakeBackPosition(),
            restored=restored,
            kept=kept,
            first_id=min(untouched, default=None),
            last_id=max(untouched, default=None),
        )

    async def _delete_created(self, upload_id: str, after: int, limit: int) -> TakenBack:
        versions = await event_history.versions_of_created(self._unit, upload_id, after=after, limit=limit)
        if not versions:
            return TakenBack(None)
        changed = {event_id: version for event_id, version in versions.items() if version != 1}
        equal = await event_history.equal_versions(self._unit, changed)
        kept = [event_id for event_id, version in equal.items() if version != 1]
        own = sorted(versions.keys() - set(kept))
        gone = await self._store.delete_ids(own)
        bounds = (own[0], own[-1]) if own else (None, None)
        return TakenBack(TakeBackPosition(None, max(versions)), gone, 0, kept, *bounds)


def _without_ids(
    rows: list[Cells], keys: list[Key], ids: list[int], by_id: dict[int, Known]
) -> tuple[list[Cells], list[Key]]:
    """Return the rows that are not found by their ids, and their keys."""
    if not by_id:
        return rows, keys
    others = [event_id not in by_id for event_id in ids]
    return [*compress(rows, others)], [*compress(keys, others)]


def _of_others(by_id: dict[int, Known], upload_id: str) -> dict[int, Known]:
    """Return the events that the import did not create: its file cannot mean them by their ids.

    Else the ids of another program would find what earlier rows have become.
    """
    return {event_id: known for event_id, known in by_id.items() if known.upload_id != upload_id}


def _own(before: dict[int, Known], upload_id: str) -> frozenset[int]:
    """Return the events that the import itself created, which are still its first version."""
    return frozenset(
        [
            event_id
            for event_id, known in before.items()
            if known.upload_id == upload_id and known.version == 1
        ]
    )
