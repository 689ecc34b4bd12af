"""Finds the end and the cells of each record, also in irregular files. Source: RFC 4180.

This is the careful reader: it defines how any text is read, one record at a time. Every record is
read by RFC 4180 first, and by the backslash dialect only where the first reading fails.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from domain import limits
from domain.json_text import decode_json
from domain.problems import Problem, problem
from domain.rows.cells import trimmed

_CANDIDATE_CHARACTERS = 64 * 1024
_CANDIDATE_LINES = 64
_DOUBTED_QUOTES = 16
_MOST_QUOTES = 128
"""A record with more cells of several lines, in a table of fewer columns, goes on where none was meant to."""
_LIKELY_ROWS = 8
"""So many lines of one cell, each of which reads as a record, are rows: its quote never closes."""

_FAR_CHARACTERS = 4 * limits.RECORD_CHARACTERS
"""So far the close of a quote is looked for: a record is too long, or a quote never closes."""

Fault = Literal["malformed_quote", "unclosed_quote", "too_long"]

FAULTS: dict[Fault, Problem] = {
    "malformed_quote": problem("malformed_quote"),
    "unclosed_quote": problem("unclosed_quote"),
    "too_long": problem("too_long.row", limit=1),
}

_TORN_JSON = problem("malformed_quote.json")
_JSON_START = re.compile(r"\s*+(?:\[\s*+)?\{\s*+[\"']")
_OPENING = re.compile(r' *"')
_MARKS = re.compile("\ufeff*+")
# Programs of DOS and CP/M ended a text with it.
_END_MARK = "\x1a"
_BLANKS = re.compile(r" *")
_QUOTED = re.compile(r'(?:[^"]++|"")*+')
_QUOTED_BACKSLASH = re.compile(r'(?:[^"\\]++|\\.|"")*+', re.DOTALL)
_BACKSLASHED = re.compile(r'\\(["\\])|""')
_LINE_END = re.compile(r"\r\n|\n|\r")
_BARE = {mark: re.compile(rf"[^{re.escape(mark)}\r\n]*+") for mark in ",;\t|"}


def line_ends(text: str) -> int:
    """Count the line ends of a text as an editor does: CRLF, LF and a lone CR are one each."""
    line_feeds = text.count("\n")
    return line_feeds + text.count("\r") - text.count("\r\n") if "\r" in text else line_feeds


class Quote(NamedTuple):
    """The quotes around a cell that spans lines.

    Attributes:
        opened: index of the first one.
        closed: index of the last one, -1 if there is none.
        is_opening: the last one rather opens a cell of a later record: it stands at the beginning of a cell,
            with text behind it.
        is_empty: the last one stands at the beginning of a cell, and at the end of one.
    """

    opened: int
    closed: int = -1
    is_opening: bool = False
    is_empty: bool = False


class Record(Struct, gc=False):
    """One reading of one record.

    Attributes:
        end: index of the first character after its line end.
        quotes: those of cells that span lines.
    """

    cells: list[str]
    end: int
    fault: Fault | None = None
    quotes: Sequence[Quote] = ()

    @property
    def opened(self) -> int:
        """Index of the first quote that never closes, as far as the record itself shows; -1 without one."""
        return next((quote.opened for quote in self.quotes if quote.closed < 0 or quote.is_opening), -1)

    @property
    def problem(self) -> Problem:
        """What its fault is: JSON without quotes around it is torn at its own commas and quotes."""
        assert self.fault is not None
        is_torn_json = self.fault == "malformed_quote" and any(map(_JSON_START.match, self.cells))
        return _TORN_JSON if is_torn_json else FAULTS[self.fault]

    @property
    def is_blank(self) -> bool:
        """Whether it has only delimiters and spaces."""
        return self.fault is None and not any(cell.strip().strip(_END_MARK) for cell in self.cells)


class Shape(Struct, frozen=True):
    """The number of cells and the delimiter that a record of this file must have.

    Attributes:
        json_column: index of the cell that must be JSON when it is not empty; None without one.
        width: cells up to the last column with a name.
        most: cells including the nameless columns at the end.
        json_only_braced: it may also be plain text, and is JSON when it starts with a brace.
    """

    delimiter: str
    width: int
    json_column: int | None = None
    json_only_braced: bool = False
    most: int = 0

    def is_sound(self, cells: list[str]) -> bool:
        """Return whether a record has as many cells as the header, not counting surplus empty ones."""
        return self.width <= len(trimmed(cells, self.width)) <= max(self.width, self.most)


def scan(
    text: str,
    start: int,
    stop: int,
    delimiter: str,
    *,
    backslash: bool,
    final: bool,
    most_quotes: int = _MOST_QUOTES,
) -> Record | None:
    """Read one record by one grammar; None when it may go on after `stop`, which `final` denies.

    A quote that never closes ends it at the second cell of several lines; too many such cells end it, too.
    """
    cells: list[str] = []
    quotes: list[Quote] = []
    # Byte order marks stand before a record where files were joined.
    position = _MARKS.match(text, start, stop).end()  # type: ignore[union-attr] # matches anything
    fault: Fault | None = None
    is_open = False
    bare, quoted = _bare(delimiter), _QUOTED_BACKSLASH if backslash else _QUOTED
    while True:
        opening = _OPENING.match(text, position, stop)
        if opening is None:
            end = bare.match(text, position, stop).end()  # type: ignore[union-attr] # matches anything
            cells.append(text[position:end])
        else:
            inside = opening.end()
            close = quoted.match(text, inside, stop).end()  # type: ignore[union-attr] # matches anything
            if close + 1 >= stop and not final:
                return None
            if close >= stop or text[close] != '"':
                cells.append(text[inside:stop])
                return Record(cells, stop, "unclosed_quote", [*quotes, Quote(inside - 1)])
            body = text[inside:close]
            after = _BLANKS.match(text, close + 1, stop).end()  # type: ignore[union-attr] # matches anything
            end = bare.match(text, after, stop).end()  # type: ignore[union-attr] # matches anything
            if "\n" in body or "\r" in body:
                quotes.append(_quote(text, inside - 1, close, delimiter, has_rest=end > after))
                if is_open or len(quotes) > most_quotes:
                    return Record(cells, close, "unclosed_quote", quotes)
                is_open = quotes[-1].is_opening
            if end > after:
                fault = "malformed_quote"
                cells.append(text[position:end])
            else:
                cells.append(_unescaped(body, backslash=backslash))
        if end < stop and text[end] == delimiter:
            position = end + 1
            continue
        after = _after_line_end(text, end, stop, final=final)
        return None if after is None else Record(cells, after, fault, quotes)


def _quote(text: str, opened: int, closed: int, delimiter: str, *, has_rest: bool) -> Quote:
    """Return the quotes of a cell that spans lines; `has_rest`: text stands behind the last one."""
    at = closed
    while text[at - 1] == '"' and at - 1 > opened:
        at -= 1
    while text[at - 1] == " ":
        at -= 1
    is_first = text[at - 1] in (delimiter, "\n", "\r")
    return Quote(opened, closed, is_opening=is_first and has_rest, is_empty=is_first and not has_rest)


def _bare(delimiter: str) -> re.Pattern[str]:
    return _BARE.get(delimiter) or re.compile(rf"[^{re.escape(delimiter)}\r\n]*+")


def _unescaped(body: str, *, backslash: bool) -> str:
    if backslash:
        return _BACKSLASHED.sub(lambda found: found[1] or '"', body)
    return body.replace('""', '"')


def _after_line_end(text: str, end: int, stop: int, *, final: bool) -> int | None:
    """Return the index after the line end at `end`; None while a CR may still become a CRLF."""
    if end >= stop:
        return end if final else None
    if text[end] == "\n":
        return end + 1
    if end + 1 >= stop and not final:
        return None
    return end + 2 if text.startswith("\n", end + 1, stop) else end + 1


def next_line(text: str, start: int, stop: int) -> int:
    """Return the index of the next line's first character, `stop` when there is none."""
    found = _LINE_END.search(text, start, stop)
    return found.end() if found else stop


class RecordReader:
    """Reads records of one shape. `work` counts the characters that it has examined."""

    def __init__(self, shape: Shape) -> None:
        """Prepare for a file."""
        self._shape = shape
        self.work = 0

    def read(self, text: str, start: int, *, closed: bool) -> Record | None:
        """Return the record at `start`; None when more text must be seen, which `closed` denies.

        `too_long` and `end` at the bound of a record: the rest of the line is still to be skipped.
        """
        stop = min(len(text), start + limits.RECORD_CHARACTERS)
        record = self._best(text, start, stop, final=closed and stop == len(text))
        if record is None:
            if stop - start < limits.RECORD_CHARACTERS:
                return None
            record = self._oversized(text, start, stop, closed=closed)
        if record is None or not record.quotes or self._is_sound(record):
            return record
        return self._torn(text, start, record, closed=closed)

    def _oversized(self, text: str, start: int, stop: int, *, closed: bool) -> Record | None:
        """Return the record that does not end before the bound, or None if more text must be seen."""
        record = self._scan(text, start, stop, backslash=False, final=True)
        assert record is not None
        if record.quotes and record.quotes[-1].closed < 0:
            return self._far(text, start, record, closed=closed)
        if record.end == stop and record.opened < 0:
            record.fault = "too_long"
        return record

    def _far(self, text: str, start: int, record: Record, *, closed: bool) -> Record | None:
        """Look beyond the bound for the close of a quote, and return what it makes of a record.

        The record ends behind it where there is one. Its cells are those up to the bound.
        """
        stop = min(len(text), start + _FAR_CHARACTERS)
        is_all = stop - start == _FAR_CHARACTERS or (closed and stop == len(text))
        far = self._scan(text, start, stop, backslash=False, final=is_all)
        if far is None:
            return None
        opened = record.quotes[-1].opened
        quote = next((quote for quote in far.quotes if quote.opened == opened), None)
        never: bool | None = False
        if quote is not None and not self._is_sound(far):
            never = self._never_closes(text, quote, closed=closed)
        if never is None:
            return None
        return record if never else Record(record.cells, far.end, "too_long")

    def _best(self, text: str, start: int, stop: int, *, final: bool) -> Record | None:
        plain = self._scan(text, start, stop, backslash=False, final=final)
        if plain is None:
            return None
        if text.find("\\", start, plain.end) < 0 or self._rank(plain) == 2:
            return plain
        escaped = self._scan(text, start, stop, backslash=True, final=final)
        if escaped is None:
            return None
        return escaped if self._rank(escaped) > self._rank(plain) else plain

    def _scan(self, text: str, start: int, stop: int, *, backslash: bool, final: bool) -> Record | None:
        record = scan(
            text,
            start,
            stop,
            self._shape.delimiter,
            backslash=backslash,
            final=final,
            most_quotes=max(_MOST_QUOTES, self._shape.most),
        )
        self.work += (record.end if record else stop) - start
        return record

    def _rank(self, record: Record) -> int:
        """Return 0 for a record that is torn, 1 for one whose JSON is not, 2 for one that reads."""
        if not self._is_sound(record):
            return 0
        return 1 + self._has_json(record.cells)

    def _is_sound(self, record: Record) -> bool:
        return record.fault is None and self._shape.is_sound(record.cells)

    def _has_json(self, cells: list[str]) -> bool:
        column = self._shape.json_column
        cell = cells[column].strip() if column is not None and column < len(cells) else ""
        if not cell or (self._shape.json_only_braced and not cell.startswith("{")):
            return True
        read = decode_json(cell)
        return not isinstance(read, Problem) or read.code != "invalid_json"

    def _torn(self, text: str, start: int, record: Record, *, closed: bool) -> Record | None:
        """Return a record that is not sound, cut where a quote of it never closes."""
        # One that opens another cell is among the last two.
        for quote in (*record.quotes[:_DOUBTED_QUOTES], *record.quotes[_DOUBTED_QUOTES:][-2:]):
            never = self._never_closes(text, quote, closed=closed)
            if never is None:
                return None
            if never:
                return self._cut_at_open_quote(text, start, record, quote, closed=closed)
        return record

    def _never_closes(self, text: str, quote: Quote, *, closed: bool) -> bool | None:
        """Return whether what closes a quote belongs to a later record; None when more text must be seen.

        What cannot be told is closed: the lines of a cell that were taken for rows would be stored as events.
        """
        if quote.closed < 0 or quote.is_opening:
            return True
        last = 1 + max(text.rfind(mark, quote.opened, quote.closed) for mark in "\r\n")
        if quote.is_empty:
            return self._reads(text, last, closed=closed)
        line = quote.opened
        for _ in range(_LIKELY_ROWS):
            line = next_line(text, line, last)
            reads = line < last and self._reads(text, line, closed=closed)
            if not reads:
                return reads
        return self._reads(text, last, closed=closed)

    def _cut_at_open_quote(
        self, text: str, start: int, torn: Record, quote: Quote, *, closed: bool
    ) -> Record | None:
        """Return the record cut before the next line that reads as one, if there is such a line.

        Or that begins one with such a quote itself.
        """
        stop = torn.end if quote.closed < 0 else quote.closed + 1
        line = after_open = next_line(text, quote.opened, torn.end)
        for _ in range(_CANDIDATE_LINES):
            if line >= stop:
                break
            reads = self._reads(text, line, closed=closed)
            if reads is None:
                return None
            after = next_line(text, line, torn.end)
            if reads or (line <= quote.closed < after and _spans_lines(text, quote.closed, after)):
                return self._unclosed(text, start, line, quote)
            line = after
        if line < stop or (torn.fault == "unclosed_quote" and quote.closed >= 0):
            return self._unclosed(text, start, after_open, quote)
        return torn

    def _reads(self, text: str, line: int, *, closed: bool) -> bool | None:
        """Return whether a line reads as a record; None when more text must be seen."""
        stop = min(len(text), line + _CANDIDATE_CHARACTERS)
        record = self._best(text, line, stop, final=closed and stop == len(text))
        if record is None:
            return False if closed or stop - line == _CANDIDATE_CHARACTERS else None
        return self._is_sound(record) and not record.is_blank

    def _unclosed(self, text: str, start: int, end: int, quote: Quote) -> Record:
        head = scan(text, start, end, self._shape.delimiter, backslash=False, final=True)
        cells = head.cells if head and head.fault == "unclosed_quote" else [text[start:end]]
        return Record(cells, end, "unclosed_quote", [Quote(quote.opened)])


def _spans_lines(text: str, opened: int, stop: int) -> bool:
    """Return whether a quote does not close before the line ends, at `stop`."""
    return _QUOTED.match(text, opened + 1, stop).end() == stop  # type: ignore[union-attr] # matches anything
