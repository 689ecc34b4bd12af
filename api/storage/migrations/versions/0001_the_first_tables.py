"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "blob_chunks",
        sa.Column("blob_id", Text, nullable=False),
        sa.Column("start", Integer, autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("blob_id", "start"),
    )
    op.create_table(
        "events",
        sa.Column("id", Integer, autoincrement=False, nullable=False),
        sa.Column("title", Text, nullable=False),
        sa.Column("description", Text, nullable=False),
        sa.Column("event_date", Text, nullable=False),
        sa.Column("city", Text, nullable=False),
        sa.Column("participants", Text, nullable=False),
        sa.Column("local_info", Text, nullable=True),
        sa.Column("instant_us", Integer, nullable=False),
        sa.Column("title_key", Text, nullable=False),
        sa.Column("description_key", Text, nullable=False),
        sa.Column("city_key", Text, nullable=False),
        sa.Column("venue_type", Text, nullable=True),
        sa.Column("upload_id", Text, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_ms", Integer, nullable=False),
        sa.Column("updated_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("events_city", "events", ["city_key", "id"])
    op.create_index("events_instant", "events", ["instant_us", "id"])
    op.create_index("events_title", "events", ["title_key", "id"])
    op.create_index("events_upload", "events", ["upload_id", "id"])
    op.create_index("events_venue_type", "events", ["venue_type", "id"])
    op.create_table(
        "feed_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", Integer, nullable=False),
        sa.Column("oldest", Integer, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "feed_messages",
        sa.Column("seq", Integer, autoincrement=False, nullable=False),
        sa.Column("feed", Text, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("at_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("feed_messages_feed", "feed_messages", ["feed", "seq"])
    op.create_index(
        "feed_messages_final",
        "feed_messages",
        ["feed", "seq"],
        sqlite_where=sa.text("final"),
        postgresql_where=sa.text("final"),
    )
    op.create_table(
        "id_heads",
        sa.Column("name", Text, nullable=False),
        sa.Column("last", Integer, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "live_people",
        sa.Column("owner", Text, nullable=False),
        sa.Column("person", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("role", Text, nullable=False),
        sa.Column("since_ms", Integer, nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "person"),
    )
    op.create_table(
        "live_processes",
        sa.Column("owner", Text, nullable=False),
        sa.Column("ends_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("owner"),
    )
    op.create_table(
        "meta",
        sa.Column("key", Text, nullable=False),
        sa.Column("text", Text, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "meters",
        sa.Column("key", Text, nullable=False),
        sa.Column("began_ms", Integer, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "rejected_rows",
        sa.Column("upload_id", Text, nullable=False),
        sa.Column("record", Integer, nullable=False),
        sa.Column("body", Text, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "record"),
    )
    op.create_table(
        "stats",
        sa.Column("kind", Text, nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("n", Integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key"),
    )
    op.create_index(
        "stats_cities",
        "stats",
        ["n", "key"],
        sqlite_where=sa.text("kind = 'city'"),
        postgresql_where=sa.text("kind = 'city'"),
    )
    op.create_table(
        "tasks",
        sa.Column("id", Text, nullable=False),
        sa.Column("state", Text, nullable=False),
        sa.Column("created_ms", Integer, nullable=False),
        sa.Column("body", Text, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.Column("lease_owner", Text, nullable=True),
        sa.Column("lease_ends_ms", Integer, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("tasks_created", "tasks", ["created_ms", "id"])
    op.create_index("tasks_state", "tasks", ["state"])
    op.create_table(
        "tickets",
        sa.Column("ticket_hash", Text, nullable=False),
        sa.Column("identity", Text, nullable=False),
        sa.Column("expires_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("ticket_hash"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", Text, nullable=False),
        sa.Column("idempotency_key", Text, nullable=True),
        sa.Column("sha256", Text, nullable=True),
        sa.Column("state", Text, nullable=False),
        sa.Column("created_ms", Integer, nullable=False),
        sa.Column("body", Text, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=True),
        sa.Column("lease_owner", Text, nullable=True),
        sa.Column("lease_ends_ms", Integer, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("uploads_created", "uploads", ["created_ms", "id"])
    op.create_index("uploads_sha256", "uploads", ["sha256"])
    op.create_index("uploads_state", "uploads", ["state"])
    op.create_table(
        "users",
        sa.Column("id", Integer, autoincrement=True, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("role", Text, nullable=False),
        sa.Column("token_hash", Text, nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_table(
        "sessions",
        sa.Column("id_hash", Text, nullable=False),
        sa.Column("user_id", Integer, nullable=False),
        sa.Column("created_ms", Integer, nullable=False),
        sa.Column("expires_ms", Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id_hash"),
    )
    op.create_index("sessions_user", "sessions", ["user_id"])
    op.execute("INSERT INTO feed_head (id, seq, oldest) VALUES (1, 0, 0)")
    op.execute("INSERT INTO id_heads (name, last) VALUES ('events', 0)")
