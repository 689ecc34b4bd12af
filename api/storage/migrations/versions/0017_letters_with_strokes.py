"""Searches find letters with strokes (Łódź) by plain ones (lodz): folded texts that have any are folded anew."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

# As queries fold from now on: a copy would be wrong as soon as they fold in another way.
from domain.folding import fold

revision = "0017"
down_revision = "0016"

BATCH = 2000
BETWEEN = "\x1f"
KEYS = ("title_key", "description_key", "city_key")

events = sa.table("events", *map(sa.column, ("id", *KEYS)))
stale_texts = sa.table("stale_texts", *map(sa.column, ("id", "title_key", "description_key")))
id_heads = sa.table("id_heads", *map(sa.column, ("name", "last")))
stats = sa.table("stats", *map(sa.column, ("kind", "key", "n")))

PARAMETERS = ("of_id", "title", "description", "city")
UPDATES = {
    "sqlite": sa.text("""
        UPDATE events SET title_key = :title, description_key = :description, city_key = :city
        WHERE id = :of_id
    """),
    # One statement a batch: a trigger notes the changed texts of each statement. The parameters are columns.
    "postgresql": sa.text("""
        UPDATE events AS e SET title_key = n.title, description_key = n.description, city_key = n.city
        FROM unnest(
          CAST(:of_id AS bigint[]), CAST(:title AS text[]), CAST(:description AS text[]), CAST(:city AS text[])
        ) AS n (id, title, description, city)
        WHERE e.id = n.id
    """),
}


def upgrade() -> None:
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    # PostgreSQL's index of texts learns of changes from its triggers.
    indexed = _last_indexed(connection) if is_sqlite else 0
    if not is_sqlite:
        # As for an index: what a server of an earlier version changes meanwhile waits, reads continue.
        op.execute("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE")
    is_changed = False
    for rows in _rows_beyond_ascii(connection):
        before: list[str] = [cell for row in rows for cell in tuple(row)[1:]]
        after = _folded(before)
        if after == before:
            continue
        keys_of = zip(*[iter(after)] * len(KEYS), strict=True)
        changes = [(row, keys) for row, keys in zip(rows, keys_of, strict=True) if keys != row[1:]]
        is_changed = True
        if stale := [row for row, keys in changes if row.id <= indexed and row[1:3] != keys[:2]]:
            _keep_stale(connection, stale)
        update = UPDATES[connection.dialect.name]
        cells = [(row.id, *keys) for row, keys in changes]
        if is_sqlite:
            connection.execute(update, [dict(zip(PARAMETERS, row, strict=True)) for row in cells])
        else:
            connection.execute(update, dict(zip(PARAMETERS, zip(*cells, strict=True), strict=True)))
    if is_changed:
        _count_anew(connection)


def _rows_beyond_ascii(connection: sa.Connection) -> Iterator[list[sa.Row[Any]]]:
    """Yield batches of the events of which a key has more bytes than characters, in the order of ids."""
    cells = [events.c[name] for name in KEYS]
    if connection.dialect.name == "sqlite":
        beyond = [sa.func.length(sa.cast(cell, sa.LargeBinary)) > sa.func.length(cell) for cell in cells]
    else:
        beyond = [sa.func.octet_length(cell) > sa.func.length(cell) for cell in cells]
    last = 0
    while True:
        some = sa.select(events).where(events.c.id > last, sa.or_(*beyond)).order_by(events.c.id).limit(BATCH)
        rows = list(connection.execute(some))
        if not rows:
            return
        yield rows
        last = rows[-1].id


def _folded(texts: list[str]) -> list[str]:
    """Return texts folded, by one call for all unless one of them has the character between them."""
    folded = fold(BETWEEN.join(texts)).split(BETWEEN)
    return folded if len(folded) == len(texts) else [*map(fold, texts)]


def _last_indexed(connection: sa.Connection) -> int:
    """Return up to which id SQLite's index has the texts of events, 0 where there is none."""
    head = sa.select(id_heads.c.last).where(id_heads.c.name == "event_texts")
    return max(connection.execute(head).scalar() or 0, 0)


def _keep_stale(connection: sa.Connection, rows: list[sa.Row[Any]]) -> None:
    """Keep what SQLite's index has of events, unless it is kept already, until the index is renewed."""
    texts = [
        {"id": row.id, "title_key": row.title_key, "description_key": row.description_key} for row in rows
    ]
    connection.execute(sa.insert(stale_texts).prefix_with("OR IGNORE"), texts)


def _count_anew(connection: sa.Connection) -> None:
    """Add counts of cities that are folded alike from now on, and let caches know that events changed."""
    of_cities = sa.select(stats.c.key, stats.c.n).where(stats.c.kind == "city_key")
    counts = {key: n for key, n in connection.execute(of_cities)}
    changed = [key for key in counts if fold(key) != key]
    sums = Counter[str]()
    for key in changed:
        sums[fold(key)] += counts[key]
    # Those that some cities are folded to now may have been there before.
    gone = [*changed, *(key for key in sums if key in counts)]
    for key in gone:
        connection.execute(sa.delete(stats).where(stats.c.kind == "city_key", stats.c.key == key))
    for key, n in sums.items():
        of_both = n + counts.get(key, 0)
        if of_both:
            connection.execute(sa.insert(stats).values(kind="city_key", key=key, n=of_both))
    connection.execute(
        sa.update(stats).where(stats.c.kind == "changes", stats.c.key == "").values(n=stats.c.n + 1)
    )
