"""Events as JSON text written by the database, without Python objects."""

from collections.abc import AsyncIterator, Sequence
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.storage.schema import events
from api.storage.sqlite import deferred_index
from api.storage.sqlite.deferred_index import Parts
from api.storage.unit_of_work import Unit

Conditions = Sequence[sa.ColumnElement[bool]]

PART_BYTES = 512 * 1024
"""What a part is meant to have: few round trips for small events, and little memory for large ones."""

MOST = 2000
"""Events of a part. What follows small ones may be large."""

LONGEST = 1_000_000_000
"""Bytes that no text of SQLite's is longer than."""


async def scan_documents(
    unit: Unit, conditions: Conditions, parts: Parts, *, separator: str, chunk: int
) -> AsyncIterator[bytes]:
    """Yield the six documented members of events by id, joined by a separator, in parts.

    The first part has `chunk` events; later ones as many as fit, going by the one before.
    """
    statement = _joined(unit, conditions, "}" + separator, parts)
    last, before = 0, b""
    while (row := await unit.first(statement, {"last": last, "chunk": chunk})) and row.last_id is not None:
        # One copy for both: that of a large part is not cheap.
        yield b"".join((before, row.joined, b"}"))
        last, before = row.last_id, separator.encode()
        chunk = max(1, min(chunk * PART_BYTES // len(row.joined), chunk * 2, MOST))


def _joined(unit: Unit, conditions: Conditions, separator: str, parts: Parts) -> sa.Select[bytes, int]:
    """Return objects without their last braces, which belong to the separator, and the last id."""
    if unit.dialect.name == "sqlite":
        return _joined_by_sqlite(conditions, separator, parts)
    return _joined_by_postgres(conditions, separator, parts)


def _next(conditions: Conditions, parts: Parts, *members: sa.ColumnElement[str]) -> sa.Subquery:
    """Return the ids, and what else is asked, of the events that follow."""
    limit = sa.bindparam("chunk", type_=sa.Integer)
    following = [*conditions, events.c.id > sa.bindparam("last")]
    return (
        sa.select(events.c.id, *members)
        .where(*deferred_index.first_by_id(parts, following, limit))
        .order_by(events.c.id)
        .limit(limit)
        .subquery()
    )


def _joined_by_sqlite(conditions: Conditions, separator: str, parts: Parts) -> sa.Select[bytes, int]:
    """Join with as few `||` as can be: each takes memory anew, and that is most of what a row costs.

    The subquery has a LIMIT, so SQLite runs it as it stands, and its order is kept. Had it the
    members too, each would be copied on its way out. An outer join, since SQLite may turn another.
    """
    some = _next(conditions, parts)
    texts = [(column.name, column) for column in events.c["title", "description", "event_date", "city"]]
    named = sa.cast(sa.func.json_object(*chain.from_iterable(texts)), sa.LargeBinary)
    unclosed = sa.func.substr(named, -1, -LONGEST, type_=sa.Text)  # All before the last byte.
    joined = sa.func.group_concat(unclosed.concat(_stored_members()), separator, type_=sa.Text)
    return sa.select(
        sa.cast(joined, sa.LargeBinary).label("joined"), sa.func.max(events.c.id).label("last_id")
    ).select_from(some.outerjoin(events, events.c.id == some.c.id))


def _joined_by_postgres(conditions: Conditions, separator: str, parts: Parts) -> sa.Select[bytes, int]:
    members: sa.ColumnElement[str] = sa.literal("{", sa.Text)
    for place, column in enumerate(events.c["title", "description", "event_date", "city"]):
        name = f'{"," if place else ""}"{column.name}":'
        members = members.concat(name).concat(sa.cast(sa.func.to_json(column), sa.Text))
    some = _next(conditions, parts, members.concat(_stored_members()).label("document"))
    ordered = aggregate_order_by(sa.literal(separator, sa.Text), some.c.id)
    joined = sa.func.string_agg(some.c.document, ordered)
    in_utf8 = sa.func.convert_to(joined, "UTF8", type_=sa.LargeBinary)
    return sa.select(in_utf8.label("joined"), sa.func.max(some.c.id).label("last_id"))


def _stored_members() -> sa.ColumnElement[str]:
    """Return the members that are stored as JSON text already, each after a comma."""
    participants = sa.literal(',"participants":', sa.Text).concat(events.c.participants)
    return participants.concat(',"local_info":').concat(sa.func.coalesce(events.c.local_info, "null"))
