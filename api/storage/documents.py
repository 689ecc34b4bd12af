"""Events as JSON text that the database itself writes: no row becomes a Python object on its way out."""

from collections.abc import AsyncIterator

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.storage import index_entries
from api.storage.event_filters import matching
from api.storage.index_entries import Parts
from api.storage.schema import events
from api.storage.unit import Unit
from domain.ports import EventFilter

PART_BYTES = 512 * 1024
"""What a part is meant to have: few round trips for small events, and little memory for large ones."""

MOST = 2000
"""Events of a part. What follows small ones may be large."""


async def scan_documents(
    unit: Unit, where: EventFilter, *, separator: str, chunk: int
) -> AsyncIterator[bytes]:
    """Yield the six documented members of matching events by id, joined, in parts.

    The first part has `chunk` events; later ones as many as fit, going by the one before.
    """
    statement = _joined(unit, where, separator, await index_entries.parts_for(unit, where))
    last = 0
    while (row := await unit.first(statement, {"last": last, "chunk": chunk})) and row.last_id is not None:
        yield row.joined
        last = row.last_id
        chunk = max(1, min(chunk * PART_BYTES // len(row.joined), chunk * 2, MOST))


def _joined(unit: Unit, where: EventFilter, separator: str, parts: Parts) -> sa.Select[bytes, int]:
    limit = sa.bindparam("chunk", type_=sa.Integer)
    following = [*matching(where), events.c.id > sa.bindparam("last")]
    some = (
        sa.select(events.c.id, _document(unit).label("document"))
        .where(*index_entries.first_by_id(parts, following, limit))
        .order_by(events.c.id)
        .limit(limit)
        .subquery()
    )
    joined = _as_bytes(unit, _aggregate(unit, some, separator))
    return sa.select(joined.label("joined"), sa.func.max(some.c.id).label("last_id"))


def _as_bytes(unit: Unit, text: sa.ColumnElement[str]) -> sa.ColumnElement[bytes]:
    """Return the text in UTF-8, which is how it leaves: Python need not read it in between."""
    if unit.dialect.name == "sqlite":
        return sa.cast(text, sa.LargeBinary)
    return sa.func.convert_to(text, "UTF8", type_=sa.LargeBinary)


def _document(unit: Unit) -> sa.ColumnElement[str]:
    """Return one JSON object. `participants` and `local_info` are stored as JSON text already."""
    parts = (
        '{"title":',
        _quoted(unit, events.c.title),
        ',"description":',
        _quoted(unit, events.c.description),
        ',"event_date":',
        _quoted(unit, events.c.event_date),
        ',"city":',
        _quoted(unit, events.c.city),
        ',"participants":',
        events.c.participants,
        ',"local_info":',
        sa.func.coalesce(events.c.local_info, "null"),
        "}",
    )
    document: sa.ColumnElement[str] = sa.literal("", sa.Text)
    for part in parts:
        document = document.concat(part)
    return document


def _quoted(unit: Unit, column: sa.Column[str]) -> sa.ColumnElement[str]:
    if unit.dialect.name == "sqlite":
        return sa.func.json_quote(column, type_=sa.Text)
    return sa.cast(sa.func.to_json(column), sa.Text)


def _aggregate(unit: Unit, some: sa.Subquery, separator: str) -> sa.ColumnElement[str]:
    if unit.dialect.name == "sqlite":
        # The subquery has a LIMIT, so SQLite runs it as it stands, and its order is kept.
        return sa.func.group_concat(some.c.document, separator)
    ordered = aggregate_order_by(sa.literal(separator, sa.Text), some.c.id)
    return sa.func.string_agg(some.c.document, ordered)
