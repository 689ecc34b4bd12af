"""Rows of a rejected file whose fault stands in no cell: each is refused again while it is unchanged.

The cells that are kept of a row hold no time zone that nobody knows, and no formula without a value. Who
writes the file ends the `_errors` of such a row with a mark: a digest of its cells.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256

from domain.json_text import decode_json
from domain.problems import Problem, excerpt, problem, sendable
from domain.rows.columns import ERRORS_COLUMN, EXTRA_COLUMN, is_own_column
from domain.rows.names import column_key

_MARK = re.compile(r"\[[0-9a-f]{16}\]")
_MARK_CHARACTERS = 18
_LINE_END = re.compile(r"\r\n?")


def mark_of(names: Sequence[str], cells: Sequence[str]) -> str:
    """Return the mark of a row with these cells under these names of columns, and those beyond them.

    Neither the order of the columns, nor guards, ends of lines and the spaces of JSON change it.
    """
    named = [*zip(names, cells, strict=False), *(("", cell) for cell in cells[len(names) :])]
    told = sorted(
        (column_key(excerpt(name)), text)
        for name, cell in named
        if not is_own_column(name) and (text := _plain(cell))
    )
    return f"[{sha256(json.dumps(told).encode()).hexdigest()[:16]}]"


class RejectedBefore:
    """Knows the marked rows of one file."""

    def __init__(self, names: Sequence[str]) -> None:
        """Take the names of the columns."""
        self._names = names
        errors = column_key(ERRORS_COLUMN)
        self._errors_at = next(
            (at for at, name in enumerate(names) if column_key(name) == errors), len(names)
        )
        # No other name will do: `extra cells` may be a column of anybody.
        self._extra_at = next((at for at, name in enumerate(names) if name == EXTRA_COLUMN), len(names))

    @property
    def has_any(self) -> bool:
        """Whether a row may be marked."""
        return min(self._errors_at, self._extra_at) < len(self._names)

    def is_marked(self, cells: Sequence[str]) -> bool:
        """Return whether the fault of a row stood in no cell of its own."""
        return bool(self._mark(cells) or self._extra(cells))

    def fault(self, cells: Sequence[str], *, is_answered: bool) -> Problem | None:
        """Return why a marked row is refused again, if it is.

        `is_answered`: options that may answer what was wrong were given with the file.
        """
        if extra := self._extra(cells):
            width = sum(1 for name in self._names if not is_own_column(name))
            count = width + len(extra)
            return problem("extra_cells", value=str(count), count=count, width=width)
        mark = self._mark(cells)
        if is_answered or not mark or mark != mark_of(self._names, cells):
            return None
        return problem("unchanged_row", value=excerpt(cells[self._errors_at]))

    def _mark(self, cells: Sequence[str]) -> str:
        text = cells[self._errors_at].rstrip() if self._errors_at < len(cells) else ""
        end = text[-_MARK_CHARACTERS:]
        return end if _MARK.fullmatch(end) else ""

    def _extra(self, cells: Sequence[str]) -> list[str]:
        return extra_cells(cells[self._extra_at]) if self._extra_at < len(cells) else []


def extra_cells(text: str) -> list[str]:
    """Return the cells beyond the columns that a member of JSON lists, from its cell; no blank ones."""
    read = decode_json(text) if text[:1] == "[" else text
    told = map(str, read) if isinstance(read, list) else [text]
    return [cell for cell in told if cell.strip()]


def _plain(cell: str) -> str:
    # A guard may stand before what is blank otherwise.
    text = sendable(_LINE_END.sub("\n", cell)).strip().lstrip("'").strip()
    read = decode_json(text) if text[:1] in ("{", "[") else None
    return json.dumps(read, sort_keys=True) if isinstance(read, dict | list) else text
