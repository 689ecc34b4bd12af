"""Consecutive rows as they were read: valid rows by column, others as objects."""

from collections.abc import Sequence

from msgspec import Struct

from domain.event_columns import EventColumns
from domain.events import EventFields
from domain.rows.row_parser import Row


class RowBatch(Struct):
    """Consecutive rows.

    Attributes:
        events: of the good rows; `lines`, `records` and `ends` have for each what `Row` has.
        rejected: the other rows.
    """

    events: EventColumns
    lines: list[int]
    records: list[int]
    ends: list[int]
    rejected: list[Row]

    @classmethod
    def empty(cls) -> "RowBatch":
        """Return a batch without rows."""
        return cls(EventColumns.empty(), [], [], [], [])

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "RowBatch":
        """Return rows as a batch."""
        good = [(row, row.fields) for row in rows if row.fields is not None]
        events = EventColumns.of([fields for _, fields in good])
        ids = [row.event_id for row, _ in good]
        events.ids = [] if ids.count(None) == len(ids) else [text or "" for text in ids]
        return cls(
            events,
            [row.line for row, _ in good],
            [row.record for row, _ in good],
            [row.end for row, _ in good],
            [row for row in rows if row.fields is None],
        )

    def __len__(self) -> int:
        """How many rows."""
        return len(self.records) + len(self.rejected)

    def extend(self, other: "RowBatch") -> None:
        """Add the rows that follow these."""
        self.events.extend(other.events)
        self.lines.extend(other.lines)
        self.records.extend(other.records)
        self.ends.extend(other.ends)
        self.rejected.extend(other.rejected)

    def rows(self) -> list[Row]:
        """Return all rows as objects, in file order."""
        events: Sequence[EventFields] = self.events.events()
        good = zip(self.lines, self.records, self.ends, events, strict=True)
        return sorted([Row(*members) for members in good] + self.rejected, key=lambda row: row.record)
