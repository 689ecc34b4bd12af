"""Error cells and unsaved formulas of a sheet in an old .xls. Source: [MS-XLS] §2.4, [MS-CFB] §2."""

from collections.abc import Iterator
from struct import unpack_from

from api.unpacking.faults import ERROR_NAMES, SheetMarks

_RECALCULATION = 0x01C1
"""Written by every program that calculates; libraries that only write files leave it out."""
_BOUND_SHEET, _FORMULA, _BOOL_OR_ERROR, _END = 0x0085, 0x0006, 0x0205, 0x000A
_LAST_SECTOR = 0xFFFFFFFA
_MINI_STREAM_BELOW = 4096


def mark_xls(content: bytes, sheet: str, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet."""
    stream = workbook_stream(content)
    start = _start(stream, sheet)
    if start is None:
        return
    is_calculated, empty = _is_of_a_calculator(stream), []
    for kind, body in _records(stream, start):
        if kind == _END:
            break
        if kind == _BOOL_OR_ERROR and len(body) >= 8 and body[7]:
            _note(body, body[6], marks, is_formula=False)
        elif kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 2:
            _note(body, body[8], marks, is_formula=True)
        elif kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff" and body[6] == 3:
            empty.append(unpack_from("<HH", body))
        elif kind == _FORMULA:
            is_calculated = True
    # Without a result a formula looks like one whose result is an empty text. One with a result shows
    # that there was somebody to calculate them.
    if not is_calculated:
        for row, column in empty:
            marks.unsaved(row, column)


def _is_of_a_calculator(stream: bytes) -> bool:
    """Return whether the workbook was saved by a program that calculates. Source: [MS-XLS] §2.4.215."""
    for kind, _ in _records(stream, 0):
        if kind == _RECALCULATION:
            return True
        if kind == _END:
            return False
    return False


def _note(body: bytes, error: int, marks: SheetMarks, *, is_formula: bool) -> None:
    row, column = unpack_from("<HH", body)
    marks.error(row, column, ERROR_NAMES.get(error, "#N/A"), is_formula=is_formula)


def _start(stream: bytes, sheet: str) -> int | None:
    """Return where the records of a sheet begin."""
    for kind, body in _records(stream, 0):
        if kind == _BOUND_SHEET and len(body) >= 8:
            (start,) = unpack_from("<I", body)
            wide = body[7] & 1
            name = body[8 : 8 + body[6] * (2 if wide else 1)].decode("utf-16-le" if wide else "latin-1")
            if name == sheet:
                return int(start)
        if kind == _END:
            return None
    return None


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(stream):
        kind, length = unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def stream_names(content: bytes) -> dict[str, tuple[int, int]]:
    """Return the streams of an OLE container: name -> first sector and size."""
    return _Container(content).streams()


def workbook_stream(content: bytes) -> bytes:
    """Return the records of the workbook in a container; none where it has no workbook."""
    container = _Container(content)
    streams = container.streams()
    for name in ("Workbook", "Book"):
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
        found = {}
        entries = self._chain(self._first_directory)
        for at in range(0, len(entries) - 127, 128):
            entry = entries[at : at + 128]
            length = min(unpack_from("<H", entry, 64)[0], 64)
            name = entry[: max(0, length - 2)].decode("utf-16-le", "replace")
            if entry[66] == 5:
                self._root = unpack_from("<I", entry, 116)[0]
            if name:
                found[name] = (unpack_from("<I", entry, 116)[0], unpack_from("<I", entry, 120)[0])
        return found

    def read(self, first: int, size: int) -> bytes:
        if size >= _MINI_STREAM_BELOW:
            return self._chain(first)[:size]
        mini, table = self._chain(self._root), self._numbers(self._chain(self._first_mini))
        parts = [mini[sector * 64 : sector * 64 + 64] for sector in _followed(first, table)]
        return b"".join(parts)[:size]

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
