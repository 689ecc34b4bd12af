"""SQLite's index of titles and descriptions, filled after imports: FTS5.

Source: `api.storage.unit_of_work.TextIndex`.

A row costs more to index than to store, so imports do not wait for it: `fill` adds the rows that are
not yet in it, in small transactions, and until then searches read those rows themselves. SQLite's ids
are committed in order, so one number divides them: every row up to it is in the index, with its
present text, and none after it. But for those whose texts an import changed: to take up a new text costs
more than the change itself, so what the index still has of them is kept in `stale_texts` until `renew`, and
searches read them like those that are not yet in it.
"""

import logging
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects import sqlite

from api.storage import text_index
from api.storage.count_cache import CountCache
from api.storage.event_filters import contains
from api.storage.schema import events, id_heads, stale_texts
from api.storage.statements import kept
from api.storage.text_index import Text
from api.storage.unit_of_work import Unit

_HEAD = "event_texts"
_NOT_KEPT = -1

_log = logging.getLogger(__name__)

_texts = sa.table(
    _HEAD,
    sa.column(_HEAD),
    sa.column("rowid", sa.Integer),
    sa.column("title_key", sa.Text),
    sa.column("description_key", sa.Text),
)
"""Its hidden column has the name of the table, and takes commands and searches. Source: SQLite, FTS5 §6."""

_MAKE = """
CREATE VIRTUAL TABLE IF NOT EXISTS event_texts USING fts5(
  title_key, description_key,
  content='events', content_rowid='id', tokenize='trigram case_sensitive 1', columnsize=0
)
"""

_head = kept(sa.select(id_heads.c.last).where(id_heads.c.name == _HEAD))
_newest = sa.select(id_heads.c.last).where(id_heads.c.name == "events")


def prepare(connection: sa.Connection) -> bool:
    """Make the index and return True where this SQLite can have one.

    An index that a SQLite without trigrams could not update is emptied and filled again.
    """
    last = connection.execute(_head).scalar()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(_MAKE)
            if last == _NOT_KEPT:
                connection.execute(sa.insert(_texts).values({_HEAD: "delete-all"}))
                connection.execute(sa.delete(stale_texts))
    except sa.exc.OperationalError as error:
        _log.warning("searches read every event, because this SQLite has no trigram index: %s", error.orig)
        _set_head(connection, _NOT_KEPT)
        return False
    _set_head(connection, max(last or 0, 0))
    return True


def _set_head(connection: sa.Connection, last: int) -> None:
    head = sqlite.insert(id_heads).values(name=_HEAD, last=last)
    connection.execute(head.on_conflict_do_update(index_elements=["name"], set_={"last": last}))


class Found(Struct, frozen=True):
    """The events with a string: their number, and their ids as a JSON array if they are few."""

    rows: int
    ids: str | None = None


async def begin_changes(unit: Unit, ids: Sequence[int]) -> None:
    """Note, before their texts are changed, what the index has of these rows."""
    some = sa.select(*_cells).where(events.c.id.in_(unit.listed(ids)), _is_indexed)
    await unit.run(sa.insert(stale_texts).from_select([*stale_texts.c], some))


async def count_stale(unit: Unit) -> int:
    """Return how many rows' changed texts are not yet in the index."""
    row = await unit.first(_COUNT_STALE)
    return int(row[0]) if row else 0


async def renew(unit: Unit, limit: int) -> int:
    """Take up the changed texts of some rows; return of how many.

    Each row's old text goes just before its new one comes: by rows in the order of ids, FTS5 writes once.
    """
    found = await unit.rows(sa.select(stale_texts.c.id).order_by(stale_texts.c.id).limit(limit))
    if not found:
        return 0
    last = found[-1].id
    old = sa.select(sa.literal("delete").label("command"), *stale_texts.c).where(stale_texts.c.id <= last)
    new = sa.select(sa.null(), *_cells).join(stale_texts, stale_texts.c.id == events.c.id)
    both = sa.union_all(old, new.where(stale_texts.c.id <= last)).subquery()
    # "delete" comes before NULL.
    ordered = sa.select(both).order_by(both.c.id, both.c.command.is_(None))
    await unit.run(sa.insert(_texts).from_select([*_texts.c], ordered))
    await unit.run(sa.delete(stale_texts).where(stale_texts.c.id <= last))
    return len(found)


async def last_indexed(unit: Unit) -> int:
    """Return the last id that is in the index."""
    row = await unit.first(_head)
    assert row is not None, "its head is made with the index"
    return int(row.last)


async def look_up(unit: Unit, sought: str, _every: int, version: int, totals: CountCache) -> Text:
    """Return what is known of a text, in this version of the events."""
    indexed = await last_indexed(unit)
    found = await totals.of(sought, version, partial(_find, unit, sought, indexed))
    return Text(found.rows, _holding(sought, found, indexed))


async def _find(unit: Unit, sought: str, indexed: int) -> Found:
    """Return the events with a string of three characters or more.

    Of a long text, trigrams that lie side by side are sought first, without their order: where few
    have them, it is quicker to read those than to compare the places of every trigram.
    """
    some = sa.select(_texts.c.rowid).where(_match(_side_by_side(sought))).limit(text_index.FEW + 1).subquery()
    row = await unit.first(sa.select(sa.func.count(), sa.func.json_group_array(some.c.rowid)))
    assert row is not None, "an aggregate has a row"
    if row[0] > text_index.FEW:
        counted = await unit.first(sa.select(sa.func.count()).select_from(_all(sought, indexed).subquery()))
        return Found(counted[0] if counted else 0)
    ids = sa.union_all(_listed(row[1]), sa.select(_unread.c.id).where(_unread.c.id > indexed), _STALE)
    read = sa.select(events.c.id).where(events.c.id.in_(ids), contains(events, sought)).subquery()
    row = await unit.first(sa.select(sa.func.count(), sa.func.json_group_array(read.c.id)))
    return Found(*row) if row else Found(0)


def _holding(sought: str, found: Found, indexed: int) -> sa.ColumnElement[bool]:
    return events.c.id.in_(_all(sought, indexed) if found.ids is None else _listed(found.ids))


async def forget(unit: Unit, condition: sa.ColumnElement[bool]) -> None:
    """Take rows out, before they are deleted or changed: FTS5 needs the text that it indexed."""
    await unit.run(_forgetting(condition))


async def begin_change(unit: Unit, event_id: int, *, is_long: bool) -> None:
    """Take one row out, until `end_change` puts it back."""
    await forget_one(unit, event_id, is_long=is_long)


async def forget_one(unit: Unit, event_id: int, *, is_long: bool) -> None:
    """Take one row out, as `forget` does. A long text has thousands of entries."""
    await unit.run(_FORGET_LONG if is_long else _FORGET, {"of_id": event_id})


async def end_change(unit: Unit, event_id: int, *, is_long: bool) -> None:
    """Put back a row that was taken out and changed."""
    await unit.run(_ADD_LONG if is_long else _ADD, {"of_id": event_id})


async def fill(unit: Unit, limit: int) -> None:
    """Add some events that are not yet in the index, the oldest first."""
    some = sa.select(events.c.id).where(events.c.id > _head.scalar_subquery())
    some = some.order_by(events.c.id).limit(limit)
    found = await unit.first(sa.select(sa.func.max(some.subquery().c.id)))
    last = found[0] if found else None
    if last is not None:
        rows = sa.select(*_cells).where(events.c.id > _head.scalar_subquery(), events.c.id <= last)
        await unit.run(sa.insert(_texts).from_select(list(_texts.c)[1:], rows))
    to = _newest.scalar_subquery() if last is None else last
    await unit.run(sa.update(id_heads).where(id_heads.c.name == _HEAD).values(last=to))


async def forget_all(unit: Unit) -> None:
    """Take every row out, as when all are deleted."""
    await unit.run(sa.insert(_texts).values({_HEAD: "delete-all"}))
    await unit.run(sa.delete(stale_texts))


_STALE = sa.select(stale_texts.c.id)
_COUNT_STALE = kept(sa.select(sa.func.count()).select_from(stale_texts))
_cells = (events.c.id, events.c.title_key, events.c.description_key)
_is_stale = sa.exists(sa.select(1).where(stale_texts.c.id == events.c.id))
# What is stale is left to `renew`, also where its event is changed again or deleted.
_is_indexed = sa.and_(events.c.id <= _head.scalar_subquery(), ~_is_stale)


def _forgetting(condition: sa.ColumnElement[bool]) -> sa.Insert:
    old = sa.select(sa.literal("delete"), *_cells).where(condition, _is_indexed)
    return sa.insert(_texts).from_select(list(_texts.c), old)


def _adding(condition: sa.ColumnElement[bool]) -> sa.Insert:
    new = sa.select(*_cells).where(condition, _is_indexed)
    return sa.insert(_texts).from_select(list(_texts.c)[1:], new)


_is_one = events.c.id == sa.bindparam("of_id")
_FORGET_LONG = _forgetting(_is_one)
_ADD_LONG = _adding(_is_one)
_FORGET, _ADD = kept(_FORGET_LONG), kept(_ADD_LONG)


_unread = events.alias("unread")
_changed = events.alias("changed")


def _all(sought: str, indexed: int) -> sa.CompoundSelect[int]:
    in_index = sa.select(_texts.c.rowid).where(_match(_quoted(sought)), _texts.c.rowid.not_in(_STALE))
    return in_index.union_all(
        sa.select(_unread.c.id).where(_unread.c.id > indexed, contains(_unread, sought)),
        sa.select(_changed.c.id).where(_changed.c.id.in_(_STALE), contains(_changed, sought)),
    )


def _listed(ids: str) -> sa.Select[int]:
    return sa.select(sa.func.json_each(ids).table_valued(sa.column("value", sa.Integer)).c.value)


def _match(query: str) -> sa.ColumnElement[bool]:
    return _texts.c[_HEAD].op("MATCH")(query)


def _side_by_side(sought: str) -> str:
    """Return a query for trigrams that cover the text: whatever has the text has all of them."""
    starts = [*range(0, len(sought) - 3, 3), len(sought) - 3]
    return " AND ".join(_quoted(sought[start : start + 3]) for start in starts)


def _quoted(text: str) -> str:
    """Return a string of FTS5, in which nothing has a meaning of its own."""
    return '"' + text.replace('"', '""') + '"'
