"""Webhooks, and the log of their last attempts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "webhooks",
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
    )
    op.create_table(
        "webhook_attempts",
        sa.Column("id", Integer, primary_key=True, autoincrement=True),
        sa.Column("webhook_id", Text, nullable=False),
        sa.Column("message_id", Text, nullable=False),
        sa.Column("at_ms", Integer, nullable=False),
        sa.Column("took_ms", Integer, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", Text),
    )
    op.create_index("webhook_attempts_webhook", "webhook_attempts", ["webhook_id", "id"])
