"""On SQLite, entries in the indexes of events may follow the events: see `api.storage.sqlite.deferred_index`.

And the index of final messages is put in the words of the queries, without which SQLite never took it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INDEXES = {
    "events_title": ["title_key", "id", "is_indexed"],
    "events_city": ["city_key", "id", "venue_type", "instant_us", "upload_id", "is_indexed"],
    "events_venue_type": ["venue_type", "id", "city_key", "instant_us", "upload_id", "is_indexed"],
    "events_upload": ["upload_id", "id", "city_key", "venue_type", "instant_us", "is_indexed"],
}


def upgrade() -> None:
    op.add_column("events", sa.Column("is_indexed", sa.Boolean(), server_default=sa.true(), nullable=False))
    # SQLite reads the rows themselves where the column that a query names is not in the index.
    for name, columns in INDEXES.items():
        op.drop_index(name)
        op.create_index(name, "events", columns, sqlite_where=sa.text("is_indexed = 1"))
    if op.get_bind().dialect.name != "sqlite":
        return
    op.drop_index("feed_messages_final")
    op.create_index(
        "feed_messages_final", "feed_messages", ["feed", "seq"], sqlite_where=sa.text("final = 1")
    )
