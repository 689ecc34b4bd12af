"""How files of one header were read when they were last imported."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "remembered_shapes",
        sa.Column("shape", Text, primary_key=True),
        sa.Column("body", Text, nullable=False),
        sa.Column("at_ms", Integer, nullable=False),
    )
    op.create_index("remembered_shapes_at", "remembered_shapes", ["at_ms"])
