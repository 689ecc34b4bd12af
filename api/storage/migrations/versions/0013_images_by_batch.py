"""What events were before an import changed them is kept by the batch, and texts are indexed later."""

from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"

Text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

BATCH = 1024


class _Body(msgspec.Struct):
    """An event as it was stored as JSON until now; the members that are JSON in their cells are left so."""

    title: str
    description: str
    event_date: str
    city: str
    participants: msgspec.Raw
    local_info: msgspec.Raw
    instant_us: int

    def cells(self) -> tuple[str, ...]:
        venue = "" if bytes(self.local_info) == b"null" else bytes(self.local_info).decode()
        people = bytes(self.participants).decode()
        texts = (self.title, self.description, self.event_date, self.city)
        return (*texts, people, venue, str(self.instant_us))


def upgrade() -> None:
    images = op.create_table(
        "image_batches",
        sa.Column("upload_id", Text, nullable=False),
        sa.Column("number", Integer, nullable=False, autoincrement=False),
        sa.Column("at_ms", Integer, nullable=False),
        sa.Column("ids", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "number"),
    )
    op.create_index("image_batches_at", "image_batches", ["at_ms"])
    restored = op.create_table(
        "restored_versions",
        sa.Column("event_id", Integer, nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("equals", sa.Integer(), nullable=False),
        sa.Column("at_ms", Integer, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "version"),
    )
    op.create_index("restored_versions_at", "restored_versions", ["at_ms"])
    op.create_table(
        "stale_texts",
        sa.Column("id", Integer, primary_key=True, autoincrement=False),
        sa.Column("title_key", Text, nullable=False),
        sa.Column("description_key", Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        # To compress them would take longer than to write them.
        op.execute("ALTER TABLE image_batches ALTER COLUMN body SET STORAGE EXTERNAL")
    _convert(op.get_bind(), images, restored)
    op.drop_table("event_images")


def _convert(connection: sa.Connection, images: sa.Table, restored: sa.Table) -> None:
    """Bring what is kept of earlier imports into the new tables."""
    numbers: dict[str, int] = {}
    for upload_id, rows in _batches(connection):
        given_back = [row for row in rows if row.restored]
        if given_back:
            connection.execute(
                sa.insert(restored),
                [
                    {
                        "event_id": row.event_id,
                        "version": row.version_after,
                        "equals": row.version_before,
                        "at_ms": row.at_ms,
                    }
                    for row in given_back
                ],
            )
        rest = [row for row in rows if not row.restored]
        if rest:
            numbers[upload_id] = numbers.get(upload_id, 0) + 1
            body = [
                (row.version_before, row.version_after, True, msgspec.json.decode(row.body, type=_Body).cells())
                for row in rest
            ]
            connection.execute(
                sa.insert(images),
                {
                    "upload_id": upload_id,
                    "number": numbers[upload_id],
                    "at_ms": max(row.at_ms for row in rest),
                    "ids": msgspec.msgpack.encode([row.event_id for row in rest]),
                    "body": msgspec.msgpack.encode(body),
                },
            )


def _batches(connection: sa.Connection) -> Iterator[tuple[str, list[sa.Row[Any]]]]:
    """Yield up to 1,024 images of one import, in the order of imports."""
    old = sa.table(
        "event_images",
        *map(sa.column, ("upload_id", "event_id", "version_before", "version_after", "restored", "at_ms", "body")),
    )
    after = ("", 0)
    while True:
        key = sa.tuple_(old.c.upload_id, old.c.event_id)
        some = sa.select(old).where(key > sa.tuple_(*map(sa.literal, after)))
        rows = list(connection.execute(some.order_by(old.c.upload_id, old.c.event_id).limit(BATCH)))
        if not rows:
            return
        after = (rows[-1].upload_id, rows[-1].event_id)
        for upload_id in dict.fromkeys(row.upload_id for row in rows):
            yield upload_id, [row for row in rows if row.upload_id == upload_id]
