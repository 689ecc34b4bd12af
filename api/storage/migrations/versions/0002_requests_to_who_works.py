"""Requests to the process that works on an import or a task."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "work_requests",
        sa.Column("request", Text, nullable=False),
        sa.Column("work_id", Text, nullable=False),
        sa.Column("asker", Text, nullable=False),
        sa.Column("at_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("request", "work_id"),
    )
