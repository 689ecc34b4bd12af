"""Rejected rows as a CSV to fix and upload again. Source: RFC 4180; OWASP, CSV Injection."""

import csv
import io
from collections.abc import Iterable, Sequence

from domain.imports import RejectedRow, Upload

OWN_COLUMNS = ("_line", "_errors")
"""Ignored on the way in."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(_FORMULA_STARTS) else cell


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as UTF-8 CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    # Half a surrogate pair is a reason for a rejection, and cannot leave as UTF-8.
    return text.getvalue().encode("utf-8", "replace")


def header(upload: Upload) -> list[str]:
    """Return the file's own column names and the two that tell why."""
    return [*(harmless(column["name"]) for column in upload.columns or ()), *OWN_COLUMNS]


def row_cells(row: RejectedRow, width: int) -> list[str]:
    """Return the original cells, line and errors; cells beyond the header's width stay behind them."""
    cells = [harmless(cell) for cell in row.cells]
    padding = [""] * (width - len(cells))
    errors = " | ".join(f"{error.code}: {error.message}" for error in row.errors)
    return [*cells[:width], *padding, str(row.line), harmless(errors), *cells[width:]]
