"""Tickets that an EventSource can come back with, until they expire or are revoked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "reusable_tickets",
        sa.Column("id", Text, primary_key=True),
        sa.Column("ticket_hash", Text, nullable=False, unique=True),
        sa.Column("user_id", Integer, sa.ForeignKey("users.id")),
        sa.Column("identity", Text, nullable=False),
        sa.Column("feeds", Text, nullable=False),
        sa.Column("origin", Text),
        sa.Column("created_ms", Integer, nullable=False),
        sa.Column("expires_ms", Integer, nullable=False),
    )
    op.create_index("reusable_tickets_user", "reusable_tickets", ["user_id", "created_ms"])
    op.create_index("reusable_tickets_expires", "reusable_tickets", ["expires_ms"])
