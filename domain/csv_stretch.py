"""A stretch of a file as it was read: the good rows by column, the others whole."""

from collections.abc import Sequence

from msgspec import Struct

from domain.csv_cells import Row
from domain.event_columns import EventColumns
from domain.events import EventFields


class Stretch(Struct):
    """Consecutive rows.

    Attributes:
        events: of the good rows; `lines`, `records` and `ends` say of each what `Row` says.
        rejected: the other rows.
    """

    events: EventColumns
    lines: list[int]
    records: list[int]
    ends: list[int]
    rejected: list[Row]

    @classmethod
    def empty(cls) -> "Stretch":
        """Return a stretch without rows."""
        return cls(EventColumns.empty(), [], [], [], [])

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Stretch":
        """Return rows as a stretch."""
        good = [(row, row.fields) for row in rows if row.fields is not None]
        return cls(
            EventColumns.of([fields for _, fields in good]),
            [row.line for row, _ in good],
            [row.record for row, _ in good],
            [row.end for row, _ in good],
            [row for row in rows if row.fields is None],
        )

    def __len__(self) -> int:
        """How many rows."""
        return len(self.records) + len(self.rejected)

    def extend(self, other: "Stretch") -> None:
        """Add the rows that follow these."""
        self.events.extend(other.events)
        self.lines.extend(other.lines)
        self.records.extend(other.records)
        self.ends.extend(other.ends)
        self.rejected.extend(other.rejected)

    def rows(self) -> list[Row]:
        """Return every row whole, in file order."""
        events: Sequence[EventFields] = self.events.events()
        good = zip(self.lines, self.records, self.ends, events, strict=True)
        return sorted([Row(*members) for members in good] + self.rejected, key=lambda row: row.record)
