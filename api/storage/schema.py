"""The tables, as the latest migration leaves them.

Text sorts by code point on both databases (SQLite's BINARY, PostgreSQL's "C"), so that a position
of a page means the same everywhere. `*_ms` are milliseconds and `*_us` microseconds since 1970, UTC.
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData()


class WithoutNul(sa.types.TypeDecorator[str]):
    """Text of PostgreSQL, which refuses NUL even where it is only looked for.

    Nothing stored has one, so what is sought with one must not be found: as little as with a
    noncharacter in its place.
    """

    impl = postgresql.TEXT
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        """Return what can be sent."""
        return value and value.replace("\0", "\ufffe")


Text = sa.Text().with_variant(WithoutNul(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("text", Text, nullable=False),
)
"""What holds for the whole store: its epoch, its time zone."""

feed_head = sa.Table(
    "feed_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("seq", Integer, nullable=False),
    sa.Column("oldest", Integer, nullable=False),
)
"""One row, id 1. Whoever has its lock appends to the log, so the order of seq is that of commits."""

feed_messages = sa.Table(
    "feed_messages",
    metadata,
    sa.Column("seq", Integer, primary_key=True, autoincrement=False),
    sa.Column("feed", Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
)
sa.Index("feed_messages_feed", feed_messages.c.feed, feed_messages.c.seq)
sa.Index(
    "feed_messages_final",
    feed_messages.c.feed,
    feed_messages.c.seq,
    sqlite_where=sa.text("final = 1"),  # In the words of queries, or SQLite does not take it.
    postgresql_where=feed_messages.c.final,
)

id_heads = sa.Table(
    "id_heads",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("last", Integer, nullable=False),
)
"""The last id given, so that one is never given again after its row is deleted."""

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", Integer, primary_key=True, autoincrement=False),
    sa.Column("title", Text, nullable=False),
    sa.Column("description", Text, nullable=False),
    sa.Column("event_date", Text, nullable=False),
    sa.Column("city", Text, nullable=False),
    sa.Column("participants", Text, nullable=False),
    sa.Column("local_info", Text),
    sa.Column("instant_us", Integer, nullable=False),
    sa.Column("title_key", Text, nullable=False),
    sa.Column("description_key", Text, nullable=False),
    sa.Column("city_key", Text, nullable=False),
    sa.Column("venue_type", Text),
    sa.Column("upload_id", Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_ms", Integer, nullable=False),
    sa.Column("updated_ms", Integer, nullable=False),
    sa.Column("is_indexed", sa.Boolean, nullable=False, server_default=sa.true()),
)
"""`*_key`: folded text (see folding). `participants` and `local_info`: JSON as on the wire.

`is_indexed`: the row is in the indexes that ask for it (see index_entries); always true of PostgreSQL.
"""
sa.Index("events_instant", events.c.instant_us, events.c.id)
_indexed = sa.text("is_indexed = 1")  # As above.
_events_indexes = {
    "events_title": ("title_key", "id", "is_indexed"),
    # These have the columns of all filters, so that what several of them match is counted without its rows.
    "events_city": ("city_key", "id", "venue_type", "instant_us", "upload_id", "is_indexed"),
    "events_venue_type": ("venue_type", "id", "city_key", "instant_us", "upload_id", "is_indexed"),
    "events_upload": ("upload_id", "id", "city_key", "venue_type", "instant_us", "is_indexed"),
}
for _name, _columns in _events_indexes.items():
    sa.Index(_name, *events.c[_columns], sqlite_where=_indexed)

stats = sa.Table(
    "stats",
    metadata,
    sa.Column("kind", Text, primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("n", Integer, nullable=False),
)
"""Counts of events, kept by deltas in the transaction that changes them. No row stands for 0."""
_cities = stats.c.kind == sa.literal_column("'city'")
sa.Index("stats_cities", stats.c.n, stats.c.key, sqlite_where=_cities, postgresql_where=_cities)

uploads = sa.Table(
    "uploads",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("idempotency_key", Text, unique=True),
    sa.Column("sha256", Text),
    sa.Column("state", Text, nullable=False),
    sa.Column("created_ms", Integer, nullable=False),
    sa.Column("body", Text, nullable=False),
    sa.Column("checkpoint", sa.LargeBinary),
    sa.Column("lease_owner", Text),
    sa.Column("lease_ends_ms", Integer),
)
"""`body`: the Upload as JSON, without its checkpoint; the other columns are for finding it."""
sa.Index("uploads_created", uploads.c.created_ms, uploads.c.id)
sa.Index("uploads_sha256", uploads.c.sha256)
sa.Index("uploads_state", uploads.c.state)

rejected_rows = sa.Table(
    "rejected_rows",
    metadata,
    sa.Column("upload_id", Text, primary_key=True),
    sa.Column("record", Integer, primary_key=True),
    sa.Column("body", Text, nullable=False),
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("state", Text, nullable=False),
    sa.Column("created_ms", Integer, nullable=False),
    sa.Column("body", Text, nullable=False),
    sa.Column("checkpoint", sa.LargeBinary),
    sa.Column("lease_owner", Text),
    sa.Column("lease_ends_ms", Integer),
)
sa.Index("tasks_created", tasks.c.created_ms, tasks.c.id)
sa.Index("tasks_state", tasks.c.state)

work_requests = sa.Table(
    "work_requests",
    metadata,
    sa.Column("request", Text, primary_key=True),
    sa.Column("work_id", Text, primary_key=True),
    sa.Column("asker", Text, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
)
"""What is asked of the process that has the lease on an import or a task, whichever that is.

Not a column of the work's row: its holder has that locked for the length of a batch, and overwrites it.
"""

blob_chunks = sa.Table(
    "blob_chunks",
    metadata,
    sa.Column("blob_id", Text, primary_key=True),
    sa.Column("start", Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
"""Bytes of blobs where several machines share the store; `start` is a chunk's offset."""

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", Integer, primary_key=True, autoincrement=True),
    sa.Column("name", Text, nullable=False, unique=True),
    sa.Column("role", Text, nullable=False),
    sa.Column("token_hash", Text, nullable=False, unique=True),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_ms", Integer, nullable=False),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id_hash", Text, primary_key=True),
    sa.Column("user_id", Integer, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("created_ms", Integer, nullable=False),
    sa.Column("expires_ms", Integer, nullable=False),
)
sa.Index("sessions_user", sessions.c.user_id)

live_processes = sa.Table(
    "live_processes",
    metadata,
    sa.Column("owner", Text, primary_key=True),
    sa.Column("ends_ms", Integer, nullable=False),
)
"""Processes that hold streams open, each until when it must have renewed that."""

live_people = sa.Table(
    "live_people",
    metadata,
    sa.Column("owner", Text, primary_key=True),
    sa.Column("person", Text, primary_key=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("role", Text, nullable=False),
    sa.Column("since_ms", Integer, nullable=False),
    sa.Column("connections", sa.Integer, nullable=False),
)

meters = sa.Table(
    "meters",
    metadata,
    sa.Column("key", Text, primary_key=True),
    sa.Column("began_ms", Integer, nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("ticket_hash", Text, primary_key=True),
    sa.Column("identity", Text, nullable=False),
    sa.Column("expires_ms", Integer, nullable=False),
)
