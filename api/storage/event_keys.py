"""Finds the stored events of a batch of ids or keys by an index."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
import sqlalchemy as sa

from api.storage.column_types import Text
from api.storage.event_cells import INSTANT, OWN, Cells, Known
from api.storage.event_packing import KNOWN_COLUMNS, PACKED
from api.storage.keyed_events import KeyedEvents
from api.storage.schema import events
from api.storage.sqlite import deferred_index
from api.storage.sqlite.deferred_index import Part
from api.storage.unit_of_work import LookedUp, Row, Unit
from domain.merge import DEFAULT_KEY, Key

_encode = msgspec.json.Encoder().encode

BY_IDS = {
    "sqlite": f"SELECT {KNOWN_COLUMNS} FROM json_each(:ids) AS k CROSS JOIN events AS e WHERE e.id = k.value",  # noqa: S608 - names are ours.
    "postgresql": f"""
        SELECT {KNOWN_COLUMNS} FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) AS k
        JOIN events AS e ON e.id = CAST(k AS bigint) ORDER BY e.id FOR UPDATE OF e
    """,  # noqa: S608
}
_BY_IDS = {name: sa.text(text) for name, text in BY_IDS.items()}

_SELECTED = sa.select(
    events.c.id,
    events.c.upload_id,
    events.c.version,
    events.c.updated_ms,
    *[events.c[name] for name in OWN[:-2]],
    sa.func.coalesce(events.c.local_info, ""),
    sa.cast(events.c.instant_us, Text),
)
"""The same for conditions that are made as they are needed."""

_COLUMNS = {"title": events.c.title_key, "event_date": events.c.instant_us, "city": events.c.city_key}
"""The columns by which the fields of a key are looked up."""

_TITLE_KEY, _CITY_KEY = PACKED.index("title_key"), PACKED.index("city_key")


async def find_by_ids(unit: Unit, ids: Iterable[int]) -> dict[int, Known]:
    """Return the events of these ids that are stored."""
    wanted = [*{event_id for event_id in ids if 0 < event_id < 2**63}]
    if not wanted:
        return {}
    found = await unit.rows(_BY_IDS[unit.dialect.name], {"ids": _encode(wanted).decode()})
    return {row[0]: _known(row) for row in found}


async def find_by_keys(
    unit: Unit, rows: Sequence[Cells], keys: Iterable[Key], key: Sequence[str], key_of: Callable[[Cells], Key]
) -> KeyedEvents:
    """Return the stored events that have a row's key."""
    wanted = {*keys}
    found = KeyedEvents()
    for row in await _candidates(unit, rows, key):
        cells = row[4:]
        its = key_of(cells)
        if its in wanted:
            found.add(its, Known(row[0], row[1], row[2], row[3], cells))
    return found


async def _candidates(unit: Unit, rows: Sequence[Cells], key: Sequence[str]) -> list[Row]:
    """Return every event that may have one of the keys, and others."""
    if not rows:
        return []
    looked_up = {*map(_looked_up, rows)}
    if set(DEFAULT_KEY) <= set(key):
        return await _by_key(unit, looked_up)
    by = next(name for name in DEFAULT_KEY if name in key)
    values = {one[DEFAULT_KEY.index(by)] for one in looked_up}
    condition = _COLUMNS[by].in_([*values])
    return [row for part in await deferred_index.parts_of(unit) for row in await _rows(unit, part, condition)]


async def _by_key(unit: Unit, keys: set[LookedUp]) -> list[Row]:
    # In the order of the index, or each would be looked for on another page.
    found = [*await unit.find_events(sorted(keys))]
    for part in await deferred_index.parts_of(unit):
        if part.is_rest:
            instants = events.c.instant_us.in_([*{instant for _, instant, _ in keys}])
            found += await _rows(unit, part, instants)
    return found


async def _rows(unit: Unit, part: Part, condition: sa.ColumnElement[bool]) -> Sequence[Row]:
    some = _SELECTED.where(condition, *part.conditions)
    if unit.dialect.name == "sqlite":
        return await unit.rows(some.with_hint(events, part.hint(""), "sqlite"))
    return await unit.rows(some.order_by(events.c.id).with_for_update())


def _looked_up(row: Cells) -> LookedUp:
    """Return what a row is looked up by, from its packed cells."""
    return row[_TITLE_KEY], int(row[INSTANT]), row[_CITY_KEY]


def _known(row: Row) -> Known:
    return Known(row[0], row[1], row[2], row[3], row[4:])
