"""Filters and sorts of events as SQL."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from api.storage.schema import events
from domain.folding import fold
from domain.ports.events import EventFilter, EventSort


class Order(NamedTuple):
    """A total order: the columns whose values are a position, and whether it falls."""

    columns: tuple[sa.Column[Any], ...]
    falls: bool = False

    @property
    def by(self) -> list[sa.ColumnElement[Any]]:
        """The ORDER BY."""
        return [column.desc() if self.falls else column.asc() for column in self.columns]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


SORTS: dict[EventSort, Order] = {
    "event_date": Order((events.c.instant_us, events.c.id)),
    "-event_date": Order((events.c.instant_us, events.c.id), falls=True),
    "id": Order((events.c.id,)),
    "-id": Order((events.c.id,), falls=True),
    "title": Order((events.c.title_key, events.c.id)),
}


def position_after(order: Order, position: tuple[Any, ...]) -> sa.ColumnElement[bool]:
    """Return the condition for rows after a position: a row-value comparison, which an index serves."""
    columns = sa.tuple_(*order.columns)
    values = sa.tuple_(
        *[
            value if isinstance(value, sa.BindParameter) else sa.literal(value, column.type)
            for value, column in zip(position, order.columns, strict=True)
        ]
    )
    return columns < values if order.falls else columns > values


def matching(
    where: EventFilter, table: sa.FromClause = events, *, holds: sa.ColumnElement[bool] | None = None
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a filter. `holds` stands in for reading the text of each row."""
    conditions: list[sa.ColumnElement[bool]] = []
    if where.city is not None:
        conditions.append(table.c.city_key == fold(where.city.strip()))
    if sought := sought_text(where):
        conditions.append(contains(table, sought) if holds is None else holds)
    if where.from_us is not None:
        conditions.append(table.c.instant_us >= where.from_us)
    if where.to_us is not None:
        conditions.append(table.c.instant_us < where.to_us)
    if where.venue_type is not None:
        conditions.append(table.c.venue_type == where.venue_type)
    if where.upload_id is not None:
        conditions.append(table.c.upload_id == where.upload_id)
    return conditions


def sought_text(where: EventFilter) -> str:
    """Return the folded text to search for in title and description; "" for none."""
    return "" if where.q is None else fold(where.q.strip())


def contains(table: sa.FromClause, sought: str) -> sa.ColumnElement[bool]:
    """Return the condition that title or description contains the text."""
    if "\0" in sought:
        # No text that is stored has one, and SQLite's LIKE would stop reading there.
        return sa.false()
    return sa.or_(
        table.c.title_key.contains(sought, autoescape=True),
        table.c.description_key.contains(sought, autoescape=True),
    )
