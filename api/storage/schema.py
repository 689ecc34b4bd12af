"""The tables, as the latest migration leaves them.

Text sorts by code point on both databases (SQLite's BINARY, PostgreSQL's "C"), so that a position
of a page means the same everywhere. `*_ms` are milliseconds and `*_us` microseconds since 1970, UTC.
"""

from typing import Any

import sqlalchemy as sa

from api.storage.column_types import Integer, Text

metadata = sa.MetaData()

indexes: list[sa.Index] = []
"""In the order in which they are created: SQLite chooses by it among indexes that serve as well."""


def _index(name: str, *columns: sa.ColumnElement[Any], **options: Any) -> None:
    indexes.append(sa.Index(name, *columns, **options))


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
"""One row, id 1. Appending to the log takes its lock, so the order of seq is that of commits."""

feed_messages = sa.Table(
    "feed_messages",
    metadata,
    sa.Column("seq", Integer, primary_key=True, autoincrement=False),
    sa.Column("feed", Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("final", sa.Boolean, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
    sa.Column("trace", Text),
)
_index("feed_messages_feed", feed_messages.c.feed, feed_messages.c.seq)
_index(
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

`is_indexed`: the row is in the indexes that ask for it (see deferred_index); always true of PostgreSQL.
"""
_index("events_instant", events.c.instant_us, events.c.id)
_indexed = sa.text("is_indexed = 1")  # As above.
_events_indexes = {
    "events_title": ("title_key", "id", "is_indexed"),
    # These have the columns of all filters, so that what several of them match is counted without its rows.
    "events_city": ("city_key", "id", "venue_type", "instant_us", "upload_id", "is_indexed"),
    "events_venue_type": ("venue_type", "id", "city_key", "instant_us", "upload_id", "is_indexed"),
    "events_upload": ("upload_id", "id", "city_key", "venue_type", "instant_us", "is_indexed"),
    # By which the rows of an import find their events.
    "events_key": ("title_key", "instant_us", "city_key", "is_indexed"),
}
for _name, _columns in _events_indexes.items():
    _index(_name, *events.c[_columns], sqlite_where=_indexed)

postgres_indexes = {
    "events_title": ("title_key", "id"),
    "events_city": ("city_key", "id"),
    "events_venue_type": ("venue_type", "id"),
    "events_upload": ("upload_id", "id", "city_key", "venue_type", "instant_us"),
    "events_key": ("title_key", "instant_us", "city_key"),
}
"""The columns of indexes of `events` that are others on PostgreSQL: it joins indexes by itself."""

image_batches = sa.Table(
    "image_batches",
    metadata,
    sa.Column("upload_id", Text, primary_key=True),
    sa.Column("number", Integer, primary_key=True, autoincrement=False),
    sa.Column("at_ms", Integer, nullable=False),
    sa.Column("ids", sa.LargeBinary, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""What events were before an import changed them, up to 1,024 in a row: see event_history.

`number`: rises with each row of an import. `ids`: of the events, in the order of `body`.
"""
_index("image_batches_at", image_batches.c.at_ms)

restored_versions = sa.Table(
    "restored_versions",
    metadata,
    sa.Column("event_id", Integer, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("equals", sa.Integer, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
)
"""Versions by which an undo gave events back what they were, each with the older one that it equals."""
_index("restored_versions_at", restored_versions.c.at_ms)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("owner", Text, primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("first_id", Integer, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
)
"""Keys of requests that stored events: `count` of them from `first_id` on. Those of imports: `uploads`."""
_index("idempotency_keys_at", idempotency_keys.c.at_ms)

stale_texts = sa.Table(
    "stale_texts",
    metadata,
    sa.Column("id", Integer, primary_key=True, autoincrement=False),
    sa.Column("title_key", Text, nullable=False),
    sa.Column("description_key", Text, nullable=False),
)
"""Texts that SQLite's index still has of events whose texts were changed: see text_index."""

stats = sa.Table(
    "stats",
    metadata,
    sa.Column("kind", Text, primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("n", Integer, nullable=False),
)
"""Counts of events, kept by deltas in the transaction that changes them. No row stands for 0."""
_cities = stats.c.kind == sa.literal_column("'city'")
_index("stats_cities", stats.c.n, stats.c.key, sqlite_where=_cities, postgresql_where=_cities)

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
    sa.Column("rests_since_ms", Integer),
    sa.Column("actor", Text),
    sa.Column("staged_bytes", Integer, nullable=False, server_default=sa.text("0")),
)
"""`body`: the Upload as JSON, without its checkpoint; the other columns are for finding it.

`rests_since_ms`: it waits for its next bytes since then, and no process has to work on it; else null.
`staged_bytes`: of an import that has not ended, as of the end of its last body; 0 after its end.
"""
_index("uploads_created", uploads.c.created_ms, uploads.c.id)
_index("uploads_sha256", uploads.c.sha256)
_index("uploads_state", uploads.c.state, uploads.c.rests_since_ms)
_staged = uploads.c.staged_bytes > sa.literal_column("0")
_index(
    "uploads_staged",
    uploads.c.actor,
    uploads.c.staged_bytes,
    sqlite_where=_staged,
    postgresql_where=_staged,
)

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
_index("tasks_created", tasks.c.created_ms, tasks.c.id)
_index("tasks_state", tasks.c.state)

work_requests = sa.Table(
    "work_requests",
    metadata,
    sa.Column("request", Text, primary_key=True),
    sa.Column("work_id", Text, primary_key=True),
    sa.Column("asker", Text, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
)
"""Requests to the process that has the lease on an import or a task.

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
_index("sessions_user", sessions.c.user_id)
_index("sessions_expires", sessions.c.expires_ms)

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

calendars = sa.Table(
    "calendars",
    metadata,
    sa.Column("id", Integer, primary_key=True, autoincrement=True),
    sa.Column("owner", Text, nullable=False),
    sa.Column("secret_hash", Text, nullable=False, unique=True),
    sa.Column("filters", Text, nullable=False),
    sa.Column("created_ms", Integer, nullable=False),
    sa.Column("last_used_ms", Integer),
)
_index("ix_calendars_owner", calendars.c.owner)

read_marks = sa.Table(
    "read_marks",
    metadata,
    sa.Column("owner", Text, primary_key=True),
    sa.Column("cursor", Text, nullable=False),
)

remembered_shapes = sa.Table(
    "remembered_shapes",
    metadata,
    sa.Column("shape", Text, primary_key=True),
    sa.Column("body", Text, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
)
_index("remembered_shapes_at", remembered_shapes.c.at_ms)

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("ticket_hash", Text, primary_key=True),
    sa.Column("identity", Text, nullable=False),
    sa.Column("expires_ms", Integer, nullable=False),
)
_index("tickets_expires", tickets.c.expires_ms)
reusable_tickets = sa.Table(
    "reusable_tickets",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("ticket_hash", Text, nullable=False, unique=True),
    sa.Column("user_id", Integer, sa.ForeignKey("users.id")),
    sa.Column("identity", Text, nullable=False),
    sa.Column("feeds", Text, nullable=False),
    sa.Column("origin", Text),
    sa.Column("created_ms", Integer, nullable=False),
    sa.Column("expires_ms", Integer, nullable=False),
)
_index("reusable_tickets_user", reusable_tickets.c.user_id, reusable_tickets.c.created_ms)
_index("reusable_tickets_expires", reusable_tickets.c.expires_ms)

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("url", Text, nullable=False),
    sa.Column("feeds", Text, nullable=False),
    sa.Column("format", Text, nullable=False),
    sa.Column("secret", Text, nullable=False),
    sa.Column("created_by", Text, nullable=False),
    sa.Column("created_ms", Integer, nullable=False),
    sa.Column("cursor", Integer, nullable=False),
    sa.Column("disabled_because", Text),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failing_since_ms", Integer),
    sa.Column("next_ms", Integer, nullable=False),
    sa.Column("lease_owner", Text),
    sa.Column("lease_ends_ms", Integer),
    sa.Column("old_secrets", Text),
)
"""`secret` and `old_secrets` (JSON) are kept as they are: a hash could sign nothing."""

webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    sa.Column("id", Integer, primary_key=True, autoincrement=True),
    sa.Column("webhook_id", Text, nullable=False),
    sa.Column("message_id", Text, nullable=False),
    sa.Column("at_ms", Integer, nullable=False),
    sa.Column("took_ms", Integer, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("error", Text),
    sa.Column("why", Text),
)
"""`why` is the error as a problem (JSON): its code, rule and parameters."""
_index("webhook_attempts_webhook", webhook_attempts.c.webhook_id, webhook_attempts.c.id)
