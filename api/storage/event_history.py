"""The history of events that imports changed, and bounded steps to undo imports.

An import keeps up to 1,024 events in one row: a row for each event, with its indexes, took as long as
the change itself.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from msgspec import Struct, msgpack

from api.storage.event_cells import Cells, Known
from api.storage.schema import events, image_batches, restored_versions
from api.storage.sqlite import deferred_index
from api.storage.statements import kept
from api.storage.unit_of_work import Unit

IMAGES_A_ROW = 1024

_EVENTS_AT_ONCE = 1000

_of_upload = image_batches.c.upload_id == sa.bindparam("of_upload")
_KEPT_BEFORE = kept(sa.select(image_batches.c.number, image_batches.c.at_ms).where(_of_upload))
_IDS = sa.select(image_batches.c.ids).where(_of_upload)
_NEWEST = sa.select(image_batches).where(_of_upload).order_by(image_batches.c.number.desc()).limit(1)
_DROP = sa.delete(image_batches).where(_of_upload, image_batches.c.number == sa.bindparam("of_number"))


class Image(Struct, frozen=True, array_like=True):
    """What an event was before an import changed it.

    Attributes:
        is_first: the import had not changed the event before.
        cells: its own cells.
    """

    version_before: int
    version_after: int
    is_first: bool
    cells: Cells


_encode = msgpack.Encoder().encode
_images = msgpack.Decoder(list[Image]).decode
_ids = msgpack.Decoder(list[int]).decode


async def keep_images(unit: Unit, upload_id: str, changed: Sequence[Known], *, at_ms: int) -> int:
    """Store the current state of these events before an import changes them.

    Returns how many of them it had not changed before.
    """
    before = await unit.rows(_KEPT_BEFORE, {"of_upload": upload_id})
    again = (
        await _changed_before(unit, upload_id, changed, min(row.at_ms for row in before)) if before else ()
    )
    number = max((row.number for row in before), default=0)
    rows = []
    for start in range(0, len(changed), IMAGES_A_ROW):
        some = changed[start : start + IMAGES_A_ROW]
        number += 1
        ids = [one.event_id for one in some]
        body = [(one.version, one.version + 1, one.event_id not in again, one.cells) for one in some]
        rows.append((upload_id, number, at_ms, _encode(ids), _encode(body)))
    await unit.insert_rows(image_batches, rows)
    return sum(one.event_id not in again for one in changed)


async def _changed_before(
    unit: Unit, upload_id: str, changed: Sequence[Known], since_ms: int
) -> frozenset[int]:
    """Return which of these events the import, which changed its first one then, has changed before."""
    # Hardly ever any: to read which events an import has changed takes long after a million.
    perhaps = {known.event_id for known in changed if known.updated_ms >= since_ms}
    if not perhaps:
        return frozenset()
    rows = await unit.rows(_IDS, {"of_upload": upload_id})
    return frozenset(event_id for row in rows for event_id in perhaps.intersection(_ids(row.ids)))


class ImageBatch(Struct, frozen=True):
    """Images that were kept together, by id of the event."""

    number: int
    images: dict[int, Image]


async def newest_images(unit: Unit, upload_id: str) -> ImageBatch | None:
    """Return what an import changed last and has not given back: up to 1,024 events."""
    row = await unit.first(_NEWEST, {"of_upload": upload_id})
    if row is None:
        return None
    return ImageBatch(row.number, dict(zip(_ids(row.ids), _images(row.body), strict=True)))


async def mark_restored(
    unit: Unit, upload_id: str, number: int, versions: Mapping[int, tuple[int, int]], *, at_ms: int
) -> None:
    """Note that events are again what they were, each by the version that it has now and the one it had then.

    The images are dropped: whatever could not be given back is left as it is.
    """
    rows = [(event_id, now, then, at_ms) for event_id, (now, then) in versions.items()]
    await unit.insert_rows(restored_versions, rows)
    await unit.run(_DROP, {"of_upload": upload_id, "of_number": number})


async def equal_versions(unit: Unit, versions: Mapping[int, int]) -> dict[int, int]:
    """Return for each event the oldest version that equals the current one.

    An import that was undone gave an event back what it was, as a new version.
    """
    found: dict[tuple[int, int], int] = {}
    ids = [*versions]
    for start in range(0, len(ids), _EVENTS_AT_ONCE):
        some = restored_versions.c.event_id.in_(ids[start : start + _EVENTS_AT_ONCE])
        rows = await unit.rows(sa.select(restored_versions).where(some))
        found |= {(row.event_id, row.version): row.equals for row in rows}
    return {event_id: _followed(found, event_id, version) for event_id, version in versions.items()}


def _followed(equal: Mapping[tuple[int, int], int], event_id: int, version: int) -> int:
    while (event_id, version) in equal:
        version = equal[event_id, version]
    return version


async def versions_of_created(unit: Unit, upload_id: str, *, after: int, limit: int) -> dict[int, int]:
    """Return the versions of events that an import created, by id, and keep others from changing them."""
    parts = await deferred_index.parts_of(unit)
    conditions = [events.c.upload_id == upload_id, events.c.id > after]
    some = sa.select(events.c.id, events.c.version).where(
        *deferred_index.first_by_id(parts, conditions, limit)
    )
    rows = await unit.rows(some.order_by(events.c.id).limit(limit).with_for_update())
    return {row.id: row.version for row in rows}


async def forget(unit: Unit, *, before_ms: int, limit: int) -> int:
    """Delete images and restored versions that are older; return how many rows."""
    forgotten = 0
    for table in (image_batches, restored_versions):
        key = [*table.primary_key]
        old = sa.select(*key).where(table.c.at_ms < before_ms).order_by(table.c.at_ms).limit(limit)
        rows = [
            {f"of_{column.name}": cell for column, cell in zip(key, row, strict=True)}
            for row in await unit.rows(old)
        ]
        if rows:
            one = sa.delete(table).where(*[column == sa.bindparam(f"of_{column.name}") for column in key])
            await unit.run(one, rows)
        forgotten += len(rows)
    return forgotten
