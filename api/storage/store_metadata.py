"""The metadata of the store: its epoch and time zone."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from api.storage.backup import ORIGIN, RESTORED, new_epoch
from api.storage.event_packing import DAY_US, Deltas, day_key
from api.storage.schema import events, live_processes, meta
from api.storage.stats import add_deltas
from api.storage.unit_of_work import Row, Unit
from domain.dates import UNIX_EPOCH
from domain.ports.errors import StoreUnusableError

_log = logging.getLogger(__name__)

_CHUNK = 10_000
_MICROSECOND = timedelta(microseconds=1)
_SERVING = sa.select(live_processes.c.owner).where(live_processes.c.ends_ms > sa.bindparam("now_ms")).limit(1)


async def the_epoch(unit: Unit, origin: str | None = None) -> str:
    """Return the store's epoch, drawn the first time, and again in a database that is a copy of another.

    Both go on with the same numbers, which readers and webhooks would take for the same messages.
    `origin` names the database; None where that is not known, or does not matter.
    """
    epoch, before = await _known(unit, "epoch"), await _known(unit, ORIGIN)
    if origin is not None and before != origin:
        if before is not None:
            _log.warning(
                "this database is a copy of another: the feed begins anew, and webhooks are disabled, "
                "because the other one may deliver"
            )
            epoch = await begin_anew(unit, keep_webhooks=False)
        await _keep(unit, ORIGIN, origin)
    if epoch is None:
        epoch = new_epoch()
        await _keep(unit, "epoch", epoch)
    return epoch


async def begin_anew(unit: Unit, *, keep_webhooks: bool) -> str:
    """Make a store another than the one that it was copied from; return its epoch."""
    epoch = new_epoch()
    await _keep(unit, "epoch", epoch)
    if keep_webhooks:
        await unit.run(sa.delete(meta).where(meta.c.key == RESTORED))
    else:
        await _keep(unit, RESTORED, "1")
    return epoch


async def begin_put_back(unit: Unit, origin: str | None, *, keep_webhooks: bool, now_ms: int) -> str:
    """Let a store that was put back by other means begin anew; return its epoch.

    Raises:
        StoreUnusableError: other processes serve it.
    """
    if await _known(unit, ORIGIN) not in (None, origin):
        # Copied with it, of those that serve the other one.
        await unit.run(sa.delete(live_processes))
    elif await _is_served(unit, now_ms):
        raise StoreUnusableError(
            "other processes serve the store: stop all of them first "
            "(one that was killed counts for 15 seconds)"
        )
    if origin is not None:
        await _keep(unit, ORIGIN, origin)
    return await begin_anew(unit, keep_webhooks=keep_webhooks)


async def settle_timezone(unit: Unit, timezone: str, *, now_ms: int) -> None:
    """Recompute the instants of events without an offset if the time zone has changed.

    Raises:
        StoreUnusableError: other processes serve the store, and go on computing with the zone that it has.
    """
    before = await _known(unit, "timezone")
    if before == timezone:
        return
    if before is not None:
        if await _is_served(unit, now_ms):
            raise StoreUnusableError(
                f"other processes serve the store in the time zone {before}, and this one has {timezone}: "
                "set the same FASTTRACK_TIMEZONE, or stop all of them first "
                "(one that was killed counts for 15 seconds)"
            )
        _log.warning(
            "time zone changed from %s to %s: events without an offset get new instants", before, timezone
        )
        await _move_naive_events(unit, ZoneInfo(timezone))
    await _keep(unit, "timezone", timezone)


async def _is_served(unit: Unit, now_ms: int) -> bool:
    return await unit.first(_SERVING, {"now_ms": now_ms}) is not None


async def _move_naive_events(unit: Unit, zone: ZoneInfo) -> None:
    last, moved = 0, 0
    columns = (events.c.id, events.c.event_date, events.c.instant_us)
    statement = sa.select(*columns).where(events.c.id > sa.bindparam("last")).order_by(events.c.id)
    while rows := await unit.rows(statement.limit(_CHUNK), {"last": last}):
        moved += await _move(unit, rows, zone)
        last = rows[-1].id
        _log.info("time zone: events up to %d checked, %d changed", last, moved)


async def _move(unit: Unit, rows: Sequence[Row], zone: ZoneInfo) -> int:
    changes, deltas = [], Deltas()
    for event_id, event_date, instant_us in rows:
        moved_us = _naive_instant_us(event_date, zone)
        if moved_us not in (None, instant_us):
            changes.append({"of_id": event_id, "instant_us": moved_us})
            deltas["day", day_key(instant_us // DAY_US)] -= 1
            deltas["day", day_key(moved_us // DAY_US)] += 1
    if changes:
        deltas["changes", ""] = 1
        await unit.run(sa.update(events).where(events.c.id == sa.bindparam("of_id")), changes)
        await add_deltas(unit, deltas)
    return len(changes)


def _naive_instant_us(event_date: str, zone: ZoneInfo) -> int | None:
    """Return the instant of a naive wall clock in the zone, None for one with an offset."""
    wall_clock = datetime.fromisoformat(event_date)
    if wall_clock.tzinfo is not None:
        return None
    return (wall_clock.replace(tzinfo=zone) - UNIX_EPOCH) // _MICROSECOND


async def _known(unit: Unit, key: str) -> str | None:
    row = await unit.first(sa.select(meta.c.text).where(meta.c.key == key))
    return row.text if row else None


async def _keep(unit: Unit, key: str, text: str) -> None:
    insert = unit.insert(meta).values(key=key, text=text)
    await unit.run(insert.on_conflict_do_update(index_elements=["key"], set_={"text": text}))
