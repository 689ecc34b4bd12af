"""An index of titles and descriptions by their trigrams, filled behind the events. Of SQLite: FTS5.

A row costs more to index than to store, so imports do not wait for it: `index` takes up what is not
yet in it, in small transactions, and searches read those rows themselves. Which rows those are is
told by one number, since SQLite's ids are committed in order: all up to it are in the index, with
the text that they have, and none above.
"""

import logging

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.dialects import sqlite

from api.storage.event_filters import contains
from api.storage.schema import events, id_heads
from api.storage.unit import Unit

FEW = 2000
"""So many rows are read rather than looked up once more, and their ids remembered."""

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
"""Its hidden column, of its own name, takes commands and what is sought. Source: SQLite, FTS5 §6."""

_MAKE = """
CREATE VIRTUAL TABLE IF NOT EXISTS event_texts USING fts5(
  title_key, description_key,
  content='events', content_rowid='id', tokenize='trigram case_sensitive 1', columnsize=0
)
"""

_head = sa.select(id_heads.c.last).where(id_heads.c.name == _HEAD)
_newest = sa.select(id_heads.c.last).where(id_heads.c.name == "events")


def is_looked_up(sought: str) -> bool:
    """Tell whether an index of trigrams can find the text. NUL ends what FTS5 reads."""
    return len(sought) >= 3 and "\0" not in sought


def prepare(connection: sa.Connection) -> bool:
    """Make the index and return True where this SQLite can have one.

    What was left behind by one that can not is made anew: it does not know what changed meanwhile.
    """
    last = connection.execute(_head).scalar()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(_MAKE)
            if last == _NOT_KEPT:
                connection.execute(sa.insert(_texts).values({_HEAD: "delete-all"}))
    except sa.exc.OperationalError as error:
        _log.warning("searches read every event, since SQLite has no trigrams: %s", error.orig)
        _set_head(connection, _NOT_KEPT)
        return False
    _set_head(connection, max(last or 0, 0))
    return True


def _set_head(connection: sa.Connection, last: int) -> None:
    head = sqlite.insert(id_heads).values(name=_HEAD, last=last)
    connection.execute(head.on_conflict_do_update(index_elements=["name"], set_={"last": last}))


class Found(Struct, frozen=True):
    """What has a text in it: how many events, and their ids as a JSON array where they are few."""

    rows: int
    ids: str | None = None


class TextIndex:
    """The index within a unit of work."""

    async def indexed(self, unit: Unit) -> int:
        """Return the last id that is in the index."""
        row = await unit.first(_head)
        assert row is not None, "its head is made with the index"
        return int(row.last)

    async def find(self, unit: Unit, sought: str, indexed: int) -> Found:
        """Return what has a text of three characters or more in it.

        Of a long text, trigrams that lie side by side are sought first, without their order: where few
        have them, it is quicker to read those than to compare the places of every trigram.
        """
        some = sa.select(_texts.c.rowid).where(_match(_side_by_side(sought))).limit(FEW + 1).subquery()
        row = await unit.first(sa.select(sa.func.count(), sa.func.json_group_array(some.c.rowid)))
        assert row is not None, "an aggregate has a row"
        if row[0] > FEW:
            counted = await unit.first(
                sa.select(sa.func.count()).select_from(_all(sought, indexed).subquery())
            )
            return Found(counted[0] if counted else 0)
        ids = sa.union_all(_listed(row[1]), sa.select(_unread.c.id).where(_unread.c.id > indexed))
        read = sa.select(events.c.id).where(events.c.id.in_(ids), contains(events, sought)).subquery()
        row = await unit.first(sa.select(sa.func.count(), sa.func.json_group_array(read.c.id)))
        return Found(*row) if row else Found(0)

    def holding(self, sought: str, found: Found, indexed: int) -> sa.ColumnElement[bool]:
        """Return the condition of what was found."""
        return events.c.id.in_(_all(sought, indexed) if found.ids is None else _listed(found.ids))

    async def forget(self, unit: Unit, condition: sa.ColumnElement[bool]) -> None:
        """Take rows out, before they are deleted or changed: FTS5 has to be told the text that it has."""
        old = sa.select(sa.literal("delete"), *_cells).where(condition, _is_indexed)
        await unit.run(sa.insert(_texts).from_select(list(_texts.c), old))

    async def add(self, unit: Unit, condition: sa.ColumnElement[bool]) -> None:
        """Put rows back in that were taken out and changed."""
        new = sa.select(*_cells).where(condition, _is_indexed)
        await unit.run(sa.insert(_texts).from_select(list(_texts.c)[1:], new))

    async def fill(self, unit: Unit, limit: int) -> None:
        """Take up some events, the oldest first."""
        some = sa.select(events.c.id).where(events.c.id > _head.scalar_subquery())
        some = some.order_by(events.c.id).limit(limit)
        found = await unit.first(sa.select(sa.func.max(some.subquery().c.id)))
        last = found[0] if found else None
        if last is not None:
            rows = sa.select(*_cells).where(events.c.id > _head.scalar_subquery(), events.c.id <= last)
            await unit.run(sa.insert(_texts).from_select(list(_texts.c)[1:], rows))
        to = _newest.scalar_subquery() if last is None else last
        await unit.run(sa.update(id_heads).where(id_heads.c.name == _HEAD).values(last=to))

    async def forget_all(self, unit: Unit) -> None:
        """Take every row out, as when all are deleted."""
        await unit.run(sa.insert(_texts).values({_HEAD: "delete-all"}))


_cells = (events.c.id, events.c.title_key, events.c.description_key)
_is_indexed = events.c.id <= _head.scalar_subquery()


_unread = events.alias("unread")


def _all(sought: str, indexed: int) -> sa.CompoundSelect[int]:
    in_index = sa.select(_texts.c.rowid).where(_match(_quoted(sought)))
    return in_index.union_all(
        sa.select(_unread.c.id).where(_unread.c.id > indexed, contains(_unread, sought))
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
