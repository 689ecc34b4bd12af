"""Error cells, unsaved formulas and formats of a sheet in an old .xls. Source: [MS-XLS] §2.4, [MS-CFB] §2."""

from collections.abc import Iterator
from struct import unpack_from
from typing import NamedTuple

from api.unpacking.faults import ERROR_NAMES, Format, SheetMarks, format_of, known_formats

_RECALCULATION = 0x01C1
"""Written by every program that calculates; libraries that only write files leave it out."""
_WRITE_ACCESS, _BY_CALC = 0x005C, b"\x04\x00\x00Calc"
"""Who saved the workbook: LibreOffice and OpenOffice give this name, whoever their user is."""
_NUMBER_FORMAT, _CELL_FORMAT, _SHARED_FORMULA = 0x041E, 0x00E0, 0x04BC
_NUMBERS = {0x0203: 10, 0x027E: 10, 0x00BD: None}
"""Records of numbers: up to which byte, or up to the number of the last column."""
_BEGIN, _OF_EXCEL_97, _FILE_PASS = 0x0809, 0x0600, 0x002F
_BOUND_SHEET, _FORMULA, _BOOL_OR_ERROR, _END = 0x0085, 0x0006, 0x0205, 0x000A
_ERROR, _EMPTY = 2, 3
_SHARED, _TEXT_CONSTANT, _PARENTHESES = 0x01, 0x17, b"\x15"
_GIVES_NUMBER = frozenset({*range(0x03, 0x08), *range(0x09, 0x0F), *range(0x12, 0x15)})
"""Operators that calculate or compare. Source: [MS-XLS] §2.5.198.25, Ptg."""
_WORKBOOKS = ("workbook", "book")
"""The stream of Excel 97 and later, and that of Excel 5 and 95; a file may have both."""
_LAST_SECTOR = 0xFFFFFFFA
_MINI_STREAM_BELOW = 4096


def mark_xls(content: bytes, place: int, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet by its place; a damaged file raises many exceptions."""
    stream = workbook_stream(content)
    start = _starts(stream)[place]
    cells = _Cells(_writer(stream), marks)
    for kind, body in records(stream, start):
        if kind == _END:
            break
        cells.note(kind, body)
    cells.end()


_NUMBER_FUNCTIONS = frozenset(
    {0, 4, 5, 24, 25, 27, 65, 66, 67, 68, 69, 71, 72, 73, 74, 140, 141, 169, 212, 213, 221}
)
"""COUNT, SUM, AVERAGE, ABS, INT, ROUND, DATE, TIME … never give a text. Source: §2.5.198.17, Ftab."""


class _Writer(NamedTuple):
    """What is known of the program that saved the workbook.

    Attributes:
        is_calculator: it calculates. Source: [MS-XLS] §2.4.215.
        loses_texts: it writes 0 as the result of a formula that gives a text, but in the general format.
        general: which of the cell formats show a number as it is.
        formats: what those do that is not seen in the number, by their place.
    """

    is_calculator: bool
    loses_texts: bool
    general: list[bool]
    formats: dict[int, Format]

    def is_general(self, formula: bytes) -> bool:
        """Return whether the cell of a formula is in the general format."""
        number: int = unpack_from("<H", formula, 4)[0]
        return number < len(self.general) and self.general[number]


def is_older(stream: bytes) -> bool:
    """Return whether a workbook is of Excel 5 or 95: its texts are bytes in a code page. Source: §2.4.21."""
    return len(stream) >= 6 and unpack_from("<HHH", stream)[::2] != (_BEGIN, _OF_EXCEL_97)


def format_code(body: bytes, *, is_old: bool) -> str:
    """Return the text of a format of numbers, after its own number. Source: §2.4.126."""
    if is_old:
        return body[3:].decode("latin-1")
    return body[5:].decode("utf-16-le" if body[4:5] > b"\0" and body[4] & 1 else "latin-1", "replace")


def _writer(stream: bytes) -> _Writer:
    # Before Excel 97 hardly a library wrote formulas.
    is_old = is_older(stream)
    is_calculator, loses_texts = is_old, False
    generals, kinds = {0}, known_formats()
    formats: list[int] = []
    for kind, body in records(stream, 0):
        if kind == _END:
            break
        is_calculator = is_calculator or kind == _RECALCULATION
        loses_texts = loses_texts or (kind == _WRITE_ACCESS and body.startswith(_BY_CALC))
        if kind == _NUMBER_FORMAT and len(body) > 3:
            code = format_code(body, is_old=is_old)
            generals.update(unpack_from("<H", body) if code.upper() == "GENERAL" else ())
            kinds[unpack_from("<H", body)[0]] = format_of(code)
        elif kind == _CELL_FORMAT and len(body) >= 4:
            formats += unpack_from("<H", body, 2)
    of_cells = {at: told for at, number in enumerate(formats) if (told := kinds.get(number))}
    return _Writer(is_calculator, loses_texts, [number in generals for number in formats], of_cells)


class _Cells:
    """Notes the marked cells of a sheet, of some at its end."""

    def __init__(self, writer: _Writer, marks: SheetMarks) -> None:
        self._writer = writer
        self._marks = marks
        self._is_calculated = writer.is_calculator
        self._empty: list[tuple[int, int]] = []
        self._zeros: list[bytes] = []
        self._shared: dict[bytes, bytes] = {}

    def note(self, kind: int, body: bytes) -> None:
        """Note what a record has."""
        if kind == _FORMULA and len(body) >= 22:
            self._note_formula(body)
        elif kind == _BOOL_OR_ERROR and len(body) >= 8 and body[7]:
            self._note_error(body, body[6], is_formula=False)
        elif kind == _SHARED_FORMULA and len(body) >= 10:
            self._shared[body[0:2] + body[4:5]] = body[8:]
        elif kind in _NUMBERS:
            _note_formats(body[: _NUMBERS[kind] or -2], self._writer.formats, self._marks)

    def _note_formula(self, body: bytes) -> None:
        is_number = body[12:14] != b"\xff\xff"
        if is_number:
            _note_formats(body[:10], self._writer.formats, self._marks)
        if not is_number and body[6] == _ERROR:
            self._note_error(body, body[8], is_formula=True)
        elif not is_number and body[6] == _EMPTY:
            self._empty.append(unpack_from("<HH", body))
        elif any(body[6:14]):
            self._is_calculated = True
        else:
            self._empty.append(unpack_from("<HH", body))
            if self._writer.loses_texts and not self._writer.is_general(body):
                self._zeros.append(body)

    def _note_error(self, body: bytes, error: int, *, is_formula: bool) -> None:
        row, column = unpack_from("<HH", body)
        self._marks.error(row, column, ERROR_NAMES.get(error, "#N/A"), is_formula=is_formula)

    def end(self) -> None:
        """Note the formulas that have no result."""
        lost = [unpack_from("<HH", formula) for formula in self._zeros if self._may_be_text(formula)]
        # Without a result a formula looks like one whose result is an empty text, or 0. One with a
        # result shows that there was somebody to calculate them.
        for row, column in lost if self._is_calculated else self._empty:
            self._marks.unsaved(row, column)

    def _may_be_text(self, formula: bytes) -> bool:
        """Return whether a formula is not sure to give a number."""
        tokens = _tokens(formula[20:])
        if len(tokens) == 5 and tokens[0] == _SHARED:
            tokens = _tokens(self._shared.get(tokens[1:4], b"\0\0"))
        tokens = tokens.rstrip(_PARENTHESES)
        if _function(tokens) in _NUMBER_FUNCTIONS:
            return False
        return not tokens or tokens[0] == _TEXT_CONSTANT or tokens[-1] not in _GIVES_NUMBER


def _function(tokens: bytes) -> int | None:
    """Return the number of the function that a formula ends with. Source: [MS-XLS] §2.5.198.62, PtgFunc."""
    is_fixed = len(tokens) > 2 and tokens[-3] in (0x21, 0x41, 0x61)
    is_variable = len(tokens) > 3 and tokens[-4] in (0x22, 0x42, 0x62)
    return unpack_from("<H", tokens, len(tokens) - 2)[0] & 0x7FFF if is_fixed or is_variable else None


def _tokens(counted: bytes) -> bytes:
    """Return the tokens of a formula behind their length."""
    (length,) = unpack_from("<H", counted)
    return counted[2 : 2 + length]


def _note_formats(numbers: bytes, formats: dict[int, Format], marks: SheetMarks) -> None:
    """Note formats of numbers: row, first column, six bytes each. Source: [MS-XLS] §2.4.175, MulRk."""
    if not formats or len(numbers) < 10:
        return
    row, first = unpack_from("<HH", numbers)
    for at in range(4, len(numbers) - 5, 6):
        if kind := formats.get(unpack_from("<H", numbers, at)[0]):
            marks.format(row, first + at // 6, kind)


def _starts(stream: bytes) -> list[int]:
    """Return where the records of each sheet begin."""
    starts: list[int] = []
    for kind, body in records(stream, 0):
        if kind == _BOUND_SHEET:
            starts += unpack_from("<I", body)
        if kind == _END:
            break
    return starts


def records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of each record from a place on."""
    while at + 4 <= len(stream):
        kind, length = unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def stream_names(content: bytes) -> dict[str, tuple[int, int]]:
    """Return the streams of an OLE container: name in lower case -> first sector and size."""
    return _Container(content).streams()


def is_encrypted(content: bytes) -> bool:
    """Return whether a workbook has a password. Source: §2.4.117 (FilePass)."""
    for kind, _ in records(workbook_stream(content), 0):
        if kind in (_FILE_PASS, _END):
            return kind == _FILE_PASS
    return False


def with_workbook_stream(content: bytes, stream: bytes) -> bytes:
    """Return a container with other records of the workbook, as many bytes as before."""
    container = _Container(content)
    streams = container.streams()
    name = next(name for name in _WORKBOOKS if name in streams)
    return container.written(*streams[name], stream)


def workbook_stream(content: bytes) -> bytes:
    """Return the records of the workbook in a container; none where it has no workbook."""
    container = _Container(content)
    streams = container.streams()
    for name in _WORKBOOKS:
        if name in streams:
            return container.read(*streams[name])
    return b""


class _Container:
    """A file system in a file: sectors, chained by a table. Source: [MS-CFB] §2."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._size = 1 << min(unpack_from("<H", content, 30)[0], 12)
        self._first_directory, self._first_mini, self._first_difat = (
            unpack_from("<I", content, at)[0] for at in (48, 60, 68)
        )
        self._table = self._sector_table()

    def streams(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        entries = self._chain(self._first_directory)
        for at in range(0, len(entries) - 127, 128):
            entry = entries[at : at + 128]
            length = min(unpack_from("<H", entry, 64)[0], 64)
            name = entry[: max(0, length - 2)].decode("utf-16-le", "replace")
            if entry[66] == 5:
                self._root = unpack_from("<I", entry, 116)[0]
            if name:
                # Names have no case. The first one counts, as in the library: others are of embedded objects.
                found.setdefault(name.lower(), unpack_from("<II", entry, 116))
        return found

    def read(self, first: int, size: int) -> bytes:
        if size >= _MINI_STREAM_BELOW:
            return self._chain(first)[:size]
        mini, table = self._chain(self._root), self._numbers(self._chain(self._first_mini))
        parts = [mini[sector * 64 : sector * 64 + 64] for sector in _followed(first, table)]
        return b"".join(parts)[:size]

    def written(self, first: int, size: int, stream: bytes) -> bytes:
        content = bytearray(self._content)
        step = self._size if size >= _MINI_STREAM_BELOW else 64
        for at, start in zip(range(0, size, step), self._starts(first, size), strict=False):
            piece = stream[at : at + step][: max(0, len(content) - start)]
            content[start : start + len(piece)] = piece
        return bytes(content)

    def _starts(self, first: int, size: int) -> Iterator[int]:
        """Yield where the sectors of a stream begin in the file."""
        if size >= _MINI_STREAM_BELOW:
            yield from ((sector + 1) * self._size for sector in _followed(first, self._table))
            return
        table = self._numbers(self._chain(self._first_mini))
        big = [(sector + 1) * self._size for sector in _followed(self._root, self._table)]
        for sector in _followed(first, table):
            if sector * 64 // self._size < len(big):
                yield big[sector * 64 // self._size] + sector * 64 % self._size

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self._size
        return self._content[start : start + self._size]

    def _chain(self, first: int) -> bytes:
        return b"".join(map(self._sector, _followed(first, self._table)))

    def _sector_table(self) -> list[int]:
        difat = [n for n in unpack_from("<109I", self._content, 76) if n < _LAST_SECTOR]
        sector, seen = self._first_difat, 0
        while sector < _LAST_SECTOR and seen * self._size < len(self._content):
            numbers = self._numbers(self._sector(sector))
            if not numbers:
                break
            difat += [n for n in numbers[:-1] if n < _LAST_SECTOR]
            sector, seen = numbers[-1], seen + 1
        return self._numbers(b"".join(map(self._sector, difat)))

    @staticmethod
    def _numbers(content: bytes) -> list[int]:
        return list(unpack_from(f"<{len(content) // 4}I", content))


def _followed(first: int, table: list[int]) -> Iterator[int]:
    """Yield the sectors of a chain; one that bites its tail ends."""
    sector, steps = first, 0
    while sector < len(table) and steps <= len(table):
        yield sector
        sector, steps = table[sector], steps + 1
