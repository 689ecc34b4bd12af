"""Imports that only wait for their next bytes rest without a lease; staged bytes are counted per person."""

import time

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


UNFINISHED = "state IN ('receiving', 'processing', 'interrupted')"


def upgrade() -> None:
    op.add_column("uploads", sa.Column("rests_since_ms", Integer))
    op.add_column("uploads", sa.Column("actor", Text))
    op.add_column("uploads", sa.Column("staged_bytes", Integer, nullable=False, server_default=sa.text("0")))
    bind = op.get_bind()
    rests = sa.text("UPDATE uploads SET rests_since_ms = :now WHERE state = 'interrupted'")
    bind.execute(rests, {"now": time.time_ns() // 1_000_000})
    # Both databases read a member of JSON by this operator.
    member = "body ->> '{}'" if bind.dialect.name == "sqlite" else "body::json ->> '{}'"
    actor, staged = member.format("actor"), member.format("bytes_received")
    values = f"actor = {actor}, staged_bytes = CAST({staged} AS bigint)"
    bind.exec_driver_sql(f"UPDATE uploads SET {values} WHERE {UNFINISHED}")
    op.drop_index("uploads_state")
    op.create_index("uploads_state", "uploads", ["state", "rests_since_ms"])
    some = sa.text("staged_bytes > 0")
    op.create_index(
        "uploads_staged", "uploads", ["actor", "staged_bytes"], sqlite_where=some, postgresql_where=some
    )
