"""Expired sessions and tickets are found without reading those that are not."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index("sessions_expires", "sessions", ["expires_ms"])
    op.create_index("tickets_expires", "tickets", ["expires_ms"])
