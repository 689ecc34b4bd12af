"""PostgreSQL's index of titles and descriptions: trigrams in a GIN index.

Source: `api.storage.unit_of_work.TextIndex`.

A row costs more to index than to store, so imports do not wait for it: the texts are indexed in a table
of their own, `event_texts`, which `api.storage.postgres.indexing` fills afterwards. Triggers note in
`unindexed_texts` which events were inserted or got other texts since, as spans of ids: so whoever
changes events, also an older version beside this one, leaves none out. Searches take both for candidates
and read the events themselves, so what is left in the index of a deleted event, or of an old text, is
never found.
"""

import logging
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.storage import text_index
from api.storage.column_types import Text as TextType
from api.storage.count_cache import CountCache
from api.storage.event_filters import contains
from api.storage.postgres.errors import is_passed_over
from api.storage.schema import events
from api.storage.statements import kept
from api.storage.text_index import Text
from api.storage.unit_of_work import Unit

COMMON = 50
"""A text that more than one event of so many has is not looked up: in any order a page soon is full."""

_log = logging.getLogger(__name__)

event_texts = sa.table(
    "event_texts",
    sa.column("id", sa.BigInteger),
    sa.column("title_key", TextType),
    sa.column("description_key", TextType),
)

unindexed_texts = sa.table(
    "unindexed_texts",
    sa.column("id", sa.BigInteger),
    sa.column("first_id", sa.BigInteger),
    sa.column("last_id", sa.BigInteger),
)
"""Spans of the ids of events, which may overlap; `id` is a span's own."""

_IS_THERE = """
SELECT count(*) FROM pg_trigger
WHERE tgrelid = 'events'::regclass AND tgname IN ('note_inserted_texts', 'note_changed_texts')
"""
_NOTE = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO unindexed_texts (first_id, last_id)
  SELECT min(id), max(id)
  FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS run FROM {noted}) AS noted
  GROUP BY run;
  RETURN NULL;
END $$
"""
_CHANGED = """(
  SELECT id FROM written JOIN overwritten USING (id)
  WHERE written.title_key <> overwritten.title_key OR written.description_key <> overwritten.description_key
) AS changed"""
EXTENSION = "pg_trgm"
INDEXES = ("event_texts_trigrams", "events_texts")
"""What needs the extension, also of earlier versions."""

_REMOVE = (
    "DROP TABLE IF EXISTS event_texts, unindexed_texts",
    "DROP FUNCTION IF EXISTS note_inserted_texts, note_changed_texts CASCADE",
)
_INDEX = """
    CREATE INDEX event_texts_trigrams ON event_texts
    USING gin (title_key gin_trgm_ops, description_key gin_trgm_ops)
"""
RESTORE = f"""DO $$ BEGIN {_INDEX};
EXCEPTION WHEN undefined_object THEN
  {"; ".join(_REMOVE)};
END $$"""
"""Puts back the index that a backup names, where the extension is; elsewhere a start tries to make it all."""

_MAKE = (
    f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}",
    # Some may be left of a store that a backup without them replaced.
    *_REMOVE,
    """
    CREATE TABLE event_texts (
      id bigint PRIMARY KEY, title_key text COLLATE "C" NOT NULL, description_key text COLLATE "C" NOT NULL
    )
    """,
    _INDEX,
    """
    CREATE TABLE unindexed_texts (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, first_id bigint NOT NULL, last_id bigint NOT NULL
    )
    """,
    _NOTE.format(name="note_inserted_texts", noted="written"),
    _NOTE.format(name="note_changed_texts", noted=_CHANGED),
    """
    CREATE TRIGGER note_inserted_texts AFTER INSERT ON events REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION note_inserted_texts()
    """,
    """
    CREATE TRIGGER note_changed_texts AFTER UPDATE ON events
    REFERENCING NEW TABLE AS written OLD TABLE AS overwritten
    FOR EACH STATEMENT EXECUTE FUNCTION note_changed_texts()
    """,
    # Nobody can change events from here to the commit.
    "INSERT INTO unindexed_texts (first_id, last_id) SELECT min(id), max(id) FROM events HAVING count(*) > 0",
    # That of earlier versions.
    "DROP INDEX IF EXISTS events_texts",
)


def prepare(connection: sa.Connection) -> bool:
    """Make the index unless it is there; return False where nobody may add the extension."""
    if connection.exec_driver_sql(_IS_THERE).scalar() == 2:
        return True
    if connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on":
        # A command reads it all the same.
        return False
    try:
        with connection.begin_nested():
            for statement in _MAKE:
                connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        if not is_passed_over(error):
            raise
        _log.warning("searches read every event, because their index could not be made: %s", error.orig)
        return False
    return True


async def look_up(unit: Unit, sought: str, every: int, version: int, totals: CountCache) -> Text:
    """Return what is known of a text, in this version of the events."""
    return await totals.of(sought, version, partial(_find, unit, sought, every))


async def begin_change(_unit: Unit, _event_id: int, *, is_long: bool) -> None:
    """Do nothing: a trigger notes the change."""


async def end_change(_unit: Unit, _event_id: int, *, is_long: bool) -> None:
    """Do nothing: a trigger notes the change."""


async def begin_changes(_unit: Unit, _ids: Sequence[int]) -> None:
    """Do nothing: a trigger notes the changes."""


async def forget(unit: Unit, condition: sa.ColumnElement[bool]) -> None:
    """Take out events that are about to be deleted, but for those that are just being indexed.

    Two that wait for each other's rows would end in a deadlock; what is left of an event takes room, no more.
    """
    deleted = sa.select(events.c.id).where(condition)
    free = sa.select(event_texts.c.id).where(event_texts.c.id.in_(deleted)).with_for_update(skip_locked=True)
    await unit.run(sa.delete(event_texts).where(event_texts.c.id.in_(free)))


async def forget_one(unit: Unit, event_id: int, *, is_long: bool) -> None:  # noqa: ARG001 - GIN's work is put off.
    """Take out one event that is about to be deleted."""
    await unit.run(_FORGET_ONE, {"of_id": event_id})


async def forget_all(unit: Unit) -> None:
    """Take out every event; the spans first, which waits for whoever indexes them."""
    await unit.run(sa.delete(unindexed_texts))
    await unit.run(sa.delete(event_texts))


_FORGET_ONE = kept(sa.delete(event_texts).where(event_texts.c.id == sa.bindparam("of_id")))

_unread = events.alias("unread")


async def _find(unit: Unit, sought: str, every: int) -> Text:
    most = max(text_index.FEW, every // COMMON)
    some = sa.select(event_texts.c.id).where(contains(event_texts, sought)).limit(most + 1).subquery()
    row = await unit.first(sa.select(sa.func.count(), sa.func.array_agg(some.c.id)))
    assert row is not None, "an aggregate has a row"
    count, ids = row
    holds = contains(events, sought)
    if count > most:
        return Text(await _count(unit, holds), holds)
    if count > text_index.FEW:
        in_index = sa.select(event_texts.c.id).where(contains(event_texts, sought))
        holds = sa.and_(events.c.id.in_(in_index.union_all(_not_in_index(sought))), holds)
        return Text(await _count(unit, holds), holds)
    candidates = sa.select(sa.func.unnest(_array(ids or []))).union_all(_not_in_index(sought))
    read = await unit.rows(sa.select(events.c.id).where(events.c.id.in_(candidates), holds))
    return Text(len(read), events.c.id == sa.any_(_array([row.id for row in read])))


async def _count(unit: Unit, holds: sa.ColumnElement[bool]) -> int:
    row = await unit.first(sa.select(sa.func.count()).select_from(events).where(holds))
    return int(row[0]) if row else 0


def _not_in_index(sought: str) -> sa.Select[int]:
    spans = unindexed_texts
    within = _unread.c.id.between(spans.c.first_id, spans.c.last_id)
    return sa.select(_unread.c.id).select_from(spans.join(_unread, within)).where(contains(_unread, sought))


def _array(ids: Sequence[int]) -> sa.BindParameter[Sequence[int]]:
    return sa.literal(ids, ARRAY(sa.BigInteger))
