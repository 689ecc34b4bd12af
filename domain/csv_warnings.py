"""What was repaired or ignored while a file was read: told once each, with how often."""

from collections.abc import Sequence
from typing import Any

from domain.csv_header import Columns

_GENERATION_ROWS = 32_768

_MESSAGES = {
    "repeated_row": "rows that are exact repeats of an earlier one were imported all the same",
    "repeated_participant": "names that a row had more than once were kept once",
    "unknown_member": "members of local_info that are not documented were ignored",
}


class Warnings:
    """Counts by code, and recognises repeats among the last 32,768 to 65,536 accepted rows."""

    def __init__(self, counts: dict[str, int]) -> None:
        """Go on from earlier counts."""
        self.counts = counts
        self._young: set[int] = set()
        self._old: set[int] = set()

    def add(self, code: str, times: int = 1) -> None:
        """Count occurrences."""
        self.counts[code] = self.counts.get(code, 0) + times

    def note_rows(self, records: Sequence[list[str]]) -> None:
        """Remember accepted rows by 64-bit digests; warn of each that was there before."""
        digests = {*map(hash, map(tuple, records))}
        known = digests & self._young | digests & self._old
        repeated = len(records) - len(digests) + len(known)
        if repeated:
            self.add("repeated_row", repeated)
        self._young |= digests - known
        # Two generations forget in bulk what an ordered set would forget one by one.
        if len(self._young) >= _GENERATION_ROWS:
            self._old, self._young = self._young, set()

    def described(self, columns: Columns | None) -> list[dict[str, Any]]:
        """Return the warnings as reported to the uploader."""
        found = [
            {"code": code, "message": _MESSAGES[code], "count": count} for code, count in self.counts.items()
        ]
        return _of_columns(columns) + found


def _of_columns(columns: Columns | None) -> list[dict[str, Any]]:
    if columns is None or not columns.ignored:
        return []
    named = ", ".join(name.strip() or "(unnamed)" for name in columns.ignored)
    message = f"columns that are no field were ignored: {named}"
    return [{"code": "ignored_columns", "message": message, "count": len(columns.ignored)}]
