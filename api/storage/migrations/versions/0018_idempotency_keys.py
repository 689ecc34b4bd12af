"""Keys of requests that stored events, so that a repeat stores none."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", Text, nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("first_id", Integer, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("at_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("owner", "key"),
    )
    op.create_index("idempotency_keys_at", "idempotency_keys", ["at_ms"])
