"""The head of a file: what comes before the first row, and the delimiter that it shows."""

import re

from msgspec import Struct

from domain.csv_dialect import BINARY
from domain.csv_guard import unguarded
from domain.csv_header import MAX_COLUMNS, known_columns
from domain.csv_records import Record, scan
from domain.problems import Problem, sendable

DELIMITERS = (",", ";", "\t", "|")
HEAD_CHARACTERS = 64 * 1024
"""The header line must end within so many characters of the file's beginning."""

_MARKS = re.compile("\ufeff*")
_BLANK_LINES = re.compile(r"(?:[ ,;\t|]*+(?:\r\n|\n|\r))*+")
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?[ ,;\t|]*(?:\r\n|\n|\r|\Z)', re.IGNORECASE)


class Head(Struct, frozen=True):
    """A header line, and `end`: the index of the first character behind it."""

    delimiter: str
    names: list[str]
    end: int


def read_head(text: str, *, closed: bool, delimiter: str | None = None) -> Head | Problem | None:
    """Return the head of a file, why there is none, or None while more must be seen."""
    if not closed and len(text) < HEAD_CHARACTERS and not _has_whole_line(text):
        return None
    start = _MARKS.match(text).end()  # type: ignore[union-attr] # matches anything
    start = _behind_blank_lines(text, start)
    sep = _SEP_LINE.match(text, start)
    if sep:
        start, delimiter = _behind_blank_lines(text, sep.end()), delimiter or sep[1]
    if start >= len(text) or not text[start:].strip(" ,;\t|"):
        return Problem("", "empty_file", "the file is empty: not even a header line") if closed else None
    return _header(text, start, (delimiter,) if delimiter else DELIMITERS, closed=closed)


def _has_whole_line(text: str) -> bool:
    """Tell whether some line has ended for certain: a CR at the very end may become a CRLF."""
    return "\n" in text or "\r" in text[:-1]


def _behind_blank_lines(text: str, start: int) -> int:
    return _BLANK_LINES.match(text, start).end()  # type: ignore[union-attr] # matches anything


def _header(text: str, start: int, delimiters: tuple[str, ...], *, closed: bool) -> Head | Problem | None:
    stop = min(len(text), start + HEAD_CHARACTERS)
    final = stop - start == HEAD_CHARACTERS or (closed and stop == len(text))
    readings: list[tuple[str, Record]] = []
    for delimiter in delimiters:
        record = scan(text, start, stop, delimiter, backslash=False, final=final)
        if record is None:
            return None
        readings.append((delimiter, record))
    delimiter, best = max(readings, key=lambda reading: _fitness(reading[1]))
    if best.end - start == HEAD_CHARACTERS:
        return _endless(best)
    if any("\0" in name for name in best.cells):
        return BINARY
    return Head(delimiter, [sendable(unguarded(name)) for name in best.cells], best.end)


def _fitness(record: Record) -> tuple[int, int]:
    """Prefer the delimiter that gives the most known columns, then the most columns."""
    return known_columns(record.cells), len(record.cells)


def _endless(record: Record) -> Problem:
    if len(record.cells) > MAX_COLUMNS:
        message = f"the first line has more than {MAX_COLUMNS} columns"
        return Problem("", "too_many_columns", message)
    message = f"the first line does not end within {HEAD_CHARACTERS // 1024} KiB: that is no header"
    return Problem("", "too_large", message)
