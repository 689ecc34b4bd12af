"""Writes CSV that the reader reads as it was. Source: RFC 4180."""

import csv
import io
from collections.abc import Iterable, Sequence

_MARK = "\ufeff"


def csv_lines(rows: Iterable[Iterable[str]], delimiter: str = ",") -> bytes:
    """Return rows as UTF-8; half a surrogate pair, which cannot leave as that, becomes a question mark."""
    every = [*map(tuple, rows)]
    text = io.StringIO(newline="")
    if any(map(_begins_with_a_mark, every)):
        _write_each(text, every, delimiter)
    else:
        csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(every)
    return text.getvalue().encode("utf-8", "replace")


def _begins_with_a_mark(row: Sequence[str]) -> bool:
    return bool(row) and row[0].startswith(_MARK)


def _write_each(text: io.StringIO, rows: Sequence[Sequence[str]], delimiter: str) -> None:
    """Quote rows that begin with a byte order mark: before a record that would be one of a joined file."""
    plain = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    quoted = csv.writer(text, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    for row in rows:
        (quoted if _begins_with_a_mark(row) else plain).writerow(row)
