"""Secret calendar addresses, and how far each person has read the notifications."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("id", Integer, primary_key=True, autoincrement=True),
        sa.Column("owner", Text, nullable=False, index=True),
        sa.Column("secret_hash", Text, nullable=False, unique=True),
        sa.Column("filters", Text, nullable=False),
        sa.Column("created_ms", Integer, nullable=False),
        sa.Column("last_used_ms", Integer),
    )
    op.create_table(
        "read_marks",
        sa.Column("owner", Text, primary_key=True),
        sa.Column("cursor", Text, nullable=False),
    )
