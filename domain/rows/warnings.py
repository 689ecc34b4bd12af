"""The warnings of a file: each kind is reported once, with its count."""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from operator import itemgetter
from typing import Any

from domain.problems import excerpt
from domain.rows.columns import REQUIRED, Columns
from domain.rows.first_rows import FirstRows
from domain.rows.odd_cells import OddCells
from domain.text import looks_damaged

_GENERATION_ROWS = 32_768
_SHOWN_COLUMNS = 20

_MESSAGES = {
    "repeated_row": "rows that exactly repeat an earlier row were imported anyway",
    "repeated_participant": "names that appear more than once in a row were kept once",
    "recurring_event": "recurring events were imported once, at their first occurrence",
    "cancelled_event": "cancelled events were left out",
    "postponed_event": (
        "events say that they are postponed, and were imported at the date that the file gives: it may no "
        "longer be theirs"
    ),
    "changed_occurrence": "changed dates of recurring events were imported as events of their own",
    "cancelled_occurrence": "cancelled dates of recurring events were left out",
    "other_component": "tasks and notes of the calendar were left out, because they are not events",
    "nameless_attendee": "attendees without a name were left out",
    "absent_attendee": "attendees who declined, and rooms and equipment, were left out",
    "unlikely_participant": (
        "cells of participants hold a number, several lines, a list or what may be several names without ; "
        "between them, and were kept as one name: names are separated by ;"
    ),
    "placeholder": (
        "cells hold a word for nothing (such as NA, null or -), for what is still open (TBA, a definir) or "
        "for what the row above has (idem, \u3003), and were stored as they are: clear them, if nothing is "
        "meant, and write out what is repeated"
    ),
    "unlikely_text": (
        "titles, cities or places are a date, a time, or true or false, and were stored as they are: check "
        "that the columns are not shifted, and are those of these fields"
    ),
    "zone_not_used": (
        "rows name a time zone in a column that was not used, and their times count in that of the server: "
        "write the offset into the date, as 2025-07-01T10:00:00-05:00"
    ),
    "cancelled_row": "rows say that their event is cancelled, and were imported as any other",
    "rejected_before": (
        "rows were rejected by an earlier import for what no cell shows, such as an unknown time zone or a "
        "formula without a value; they were changed since, and imported as they stand: check them, or undo "
        "the import and send the file with repairs_of"
    ),
    "unknown_member": "members of local_info that are not documented were ignored",
    "damaged_text": (
        "rows have letters that seem lost or changed before (\ufffd, or S?o, S\u00c3\u00a3o, S&atilde;o "
        "for S\u00e3o): "
        "export the file again, as UTF-8 and plain text"
    ),
    "contradicting_dates": (
        "dates contradict the order of day and month that an earlier line proved: rows whose date fits both "
        "orders may be on wrong days; check that line, or import again with date_format"
    ),
    "exchanged_dates": (
        "dates may have day and month exchanged: every real date of the column has a day up to 12, and every "
        "one in text a part above 12, as where a spreadsheet program of another country opened the file; "
        "they were imported as they stand, since date_format is given: check them, or undo the import and "
        "send the file without date_format"
    ),
    "rows_above_header": "rows above the header were skipped",
    "assumed_header": (
        "the row that was taken for the header may be an event, since the columns are mapped by position: if "
        "it is one, import the file again with header_row=0 and on_duplicate=skip"
    ),
    "repeated_header": "rows that repeat the header were skipped",
    "separator_row": (
        "rows whose title, date and city are one merged cell are headings of the rows below, and were "
        "skipped, as were lines that only rule the table (----)"
    ),
    "date_in_heading": (
        "headings between the rows hold days, which were not used: the rows below them all have the one date "
        "of the option defaults. If they are on other days, undo the import, and give each row its date in "
        "a column of its own"
    ),
    "other_table": (
        "rows below another header, which has other columns, were not imported: import the file again with "
        "the line of that header as header_row"
    ),
    "total_row": "rows of totals, which have no date and no city, were skipped",
}


def other_sheets(names: Sequence[str]) -> dict[str, Any]:
    """Return the warning of sheets that have events, too, and were not imported."""
    shown = [excerpt(name) for name in names[:20]]
    message = (
        f"further sheets with events were not imported: {', '.join(shown)}; import each with its name in the "
        "option sheet"
    )
    return {"code": "other_sheets", "message": message, "count": len(names), "names": shown}


def other_arrays(read: str, names: Sequence[str]) -> dict[str, Any]:
    """Return the warning of parts of a document that have events, too, and were not imported."""
    of = f"the part {excerpt(read)}" if read else "one part"
    message = (
        f"only {of} was imported, and further parts of the file have events: {', '.join(names[:20])}; "
        "send each in a file of its own"
    )
    return {"code": "other_arrays", "message": message, "count": len(names), "names": [*names[:20]]}


class _Remembered:
    """Digests (64 bits) of the last 32,768 to 65,536 accepted rows."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._young: set[int] = set()
        self._old: set[int] = set()

    def new(self, rows: Iterable[object]) -> int:
        """Remember rows; return how many of them differ from each other and from earlier ones."""
        digests = {*map(hash, rows)}
        known = digests & self._young | digests & self._old
        self._young |= digests - known
        # Two generations forget in bulk what an ordered set would forget one by one.
        if len(self._young) >= _GENERATION_ROWS:
            self._old, self._young = self._young, set()
        return len(digests) - len(known)


class Warnings:
    """Counts by code, and recognises repeated rows and events among the last accepted ones."""

    def __init__(self, counts: dict[str, int], first_rows: FirstRows | None = None) -> None:
        """Go on from earlier counts."""
        self.counts = counts
        self.first_rows = first_rows or FirstRows()
        self._columns: Columns | None = None
        self._odd_cells: OddCells | None = None
        self._rows = _Remembered()
        self._events = _Remembered()
        self._used: Callable[[Sequence[str]], object] | None = None
        self._width = 0

    def set_columns(self, columns: Columns, timezone: tzinfo) -> None:
        """Set the columns of the rows, and the time zone in which times without an offset count."""
        self._columns = columns
        used = _used_columns(columns)
        # Where all columns are used, rows of one event are repeated rows.
        are_all = len(used) == columns.most and not columns.ignored
        self._used = itemgetter(*used) if used and not are_all else None
        self._width = used[-1] + 1 if used else 0
        self._odd_cells = OddCells(columns, timezone)

    def add(self, code: str, times: int = 1) -> None:
        """Count occurrences."""
        self.counts[code] = self.counts.get(code, 0) + times

    def with_more(self, codes: Sequence[str]) -> "Warnings":
        """Return warnings that say the same, and count these occurrences too."""
        more = Warnings(dict(self.counts), self.first_rows)
        for code in codes:
            more.add(code)
        return more

    def note_rows(self, records: Sequence[list[str]], *, is_damaged: bool = True) -> None:
        """Remember accepted rows; warn of each that was there before, whole or in the columns that are used.

        With `is_damaged`, some of them may have damaged letters: each one that has is warned of.
        """
        damaged = sum(any(map(looks_damaged, cells)) for cells in records) if is_damaged else 0
        if damaged:
            self.add("damaged_text", damaged)
        if self._columns is not None:
            self.first_rows.note(records, self._columns)
        if self._odd_cells is not None:
            for code, count in self._odd_cells.counts(records).items():
                self.add(code, count)
        rows = self._rows.new(map(tuple, records))
        if rows < len(records):
            self.add("repeated_row", len(records) - rows)
        events = self._new_events(records, self._used) if self._used is not None else rows
        if events < rows:
            self.add("same_event", rows - events)

    def _new_events(self, records: Sequence[list[str]], used: Callable[[Sequence[str]], object]) -> int:
        """Return how many rows differ from all others in the columns that are used."""
        width = self._width
        if min(map(len, records), default=width) < width:
            # A row may end before its last cells, where they are empty.
            records = [cells + [""] * (width - len(cells)) for cells in records]
        return self._events.new(map(used, records))

    def described(self, columns: Columns | None) -> list[dict[str, Any]]:
        """Return the warnings as reported to the uploader."""
        # In one order, in whatever pieces the file came.
        found = [
            {"code": code, "message": message, "count": self.counts[code]}
            for code, message in _MESSAGES.items()
            if code in self.counts
        ]
        return [*self._of_columns(columns), *found] if columns else found

    def _of_columns(self, columns: Columns) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        nameless = self.first_rows.nameless(columns)
        count = len(columns.ignored) + nameless
        if count:
            named = _names_of_ignored(columns) + ["(unnamed)"] * min(1, nameless)
            message = f"columns that match no field were ignored: {', '.join(named)}"
            found.append({"code": "ignored_columns", "message": message, "count": count, "names": named})
        same = self.counts.get("same_event")
        if same:
            named = _names_of_ignored(columns) or ["(unnamed)"]
            message = (
                "rows give the same event as an earlier row, and differ from it only in columns that were "
                f"not used ({', '.join(named)}): if it is a list of attendees, on_duplicate=skip with "
                f"key={','.join(REQUIRED)} imports each event once"
            )
            found.append({"code": "same_event", "message": message, "count": same, "names": named})
        left_out = self.first_rows.times_left_out(columns)
        if left_out:
            message = (
                "dates have no time of day, and columns that may hold it were not used: "
                f"{', '.join(left_out)}; map one to event_time, if it is the start"
            )
            found.append(
                {
                    "code": "time_not_used",
                    "message": message,
                    "count": len(left_out),
                    "names": [*left_out],
                }
            )
        return found


def _names_of_ignored(columns: Columns) -> list[str]:
    return [columns.names[at].strip() for at in columns.ignored[:_SHOWN_COLUMNS]]


def _used_columns(columns: Columns) -> list[int]:
    """Return the columns by which rows are events: those of fields, and what a reader uses beside them."""
    unused, fields = {*columns.ignored}, {*columns.index.values()}
    named = (at for at, name in enumerate(columns.names) if name.strip() and at not in unused)
    return sorted(fields.union(named))
