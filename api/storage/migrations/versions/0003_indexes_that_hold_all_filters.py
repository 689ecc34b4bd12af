"""Indexes of filters that hold the columns of all filters: what two of them match is counted without rows."""

from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = {
    "events_city": ["city_key", "id", "venue_type", "instant_us", "upload_id"],
    "events_venue_type": ["venue_type", "id", "city_key", "instant_us", "upload_id"],
    "events_upload": ["upload_id", "id", "city_key", "venue_type", "instant_us"],
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.drop_index(name)
        op.create_index(name, "events", columns)
