"""Rejected rows as a CSV to fix and upload again. Source: RFC 4180."""

import csv
import io
from collections.abc import Iterable, Sequence

from domain.csv_guard import harmless
from domain.csv_header import OWN_COLUMNS, is_own_column
from domain.imports import RejectedRow, Upload


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as UTF-8 CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    # Half a surrogate pair is a reason for a rejection, and cannot leave as UTF-8.
    return text.getvalue().encode("utf-8", "replace")


def names_kept(upload: Upload) -> list[str | None]:
    """Return the file's column names; None for what an earlier rejected.csv added, which is told anew."""
    names = (column["name"] for column in upload.columns or ())
    return [None if is_own_column(name) else name for name in names]


def header(names: Sequence[str | None]) -> list[str]:
    """Return the file's own column names and the two that tell why."""
    return [*(harmless(name) for name in names if name is not None), *OWN_COLUMNS]


def row_cells(row: RejectedRow, names: Sequence[str | None]) -> list[str]:
    """Return the original cells, line and errors; cells beyond the header's width stay behind them."""
    cells = [*map(harmless, row.cells), *[""] * (len(names) - len(row.cells))]
    kept = [cell for cell, name in zip(cells, names, strict=False) if name is not None]
    errors = " | ".join(f"{error.code}: {error.message}" for error in row.errors)
    return [*kept, str(row.line), harmless(errors), *cells[len(names) :]]
