"""Imports find the events of their rows by key, and keep what events were before they changed them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_index(
        "events_key",
        "events",
        ["title_key", "instant_us", "city_key", "is_indexed"],
        sqlite_where=sa.text("is_indexed = 1"),
    )
    op.create_table(
        "event_images",
        sa.Column("upload_id", Text, nullable=False),
        sa.Column("event_id", Integer, nullable=False),
        sa.Column("version_before", sa.Integer(), nullable=False),
        sa.Column("version_after", sa.Integer(), nullable=False),
        sa.Column("restored", sa.Boolean(), nullable=False),
        sa.Column("at_ms", Integer, nullable=False),
        sa.Column("body", Text, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "event_id"),
    )
    op.create_index("event_images_event", "event_images", ["event_id"])
    op.create_index("event_images_at", "event_images", ["at_ms"])
