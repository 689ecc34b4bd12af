"""On PostgreSQL an import writes less: narrower indexes, and staged files as they are.

To compress a staged file took longer than to write it, and it is soon read and deleted.
"""

from alembic import op

revision = "0016"
down_revision = "0015"

INDEXES = {
    "events_title": ["title_key", "id"],
    "events_city": ["city_key", "id"],
    "events_venue_type": ["venue_type", "id"],
    "events_upload": ["upload_id", "id", "city_key", "venue_type", "instant_us"],
    "events_key": ["title_key", "instant_us", "city_key"],
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE blob_chunks ALTER COLUMN content SET STORAGE EXTERNAL")
    for name, columns in INDEXES.items():
        op.drop_index(name, "events")
        op.create_index(name, "events", columns)
