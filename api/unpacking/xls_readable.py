"""Mends what the library misreads of an old .xls: code pages that it does not know, and redefined formats.

What is mended takes as many bytes as before, so that no place in the file changes.
Source: [MS-XLS] §2.4.52 (CodePage), §2.4.126 (Format), §2.4.353 (XF).
"""

import codecs
import re
from collections.abc import Iterator
from struct import pack_into, unpack_from
from typing import NamedTuple

from api.unpacking.archive import INSTEAD
from api.unpacking.fault import fail_with
from api.unpacking.faults import without_literals
from api.unpacking.xls_marks import (
    format_code,
    is_older,
    records,
    with_workbook_stream,
    workbook_stream,
)

_CODE_PAGE, _NUMBER_FORMAT, _CELL_FORMAT, _END = 0x0042, 0x041E, 0x00E0, 0x000A
_LABEL, _RICH_LABEL, _RESULT, _BOUND_SHEET = 0x0204, 0x00D6, 0x0207, 0x0085
_LENGTHS = {_LABEL: (6, 2), _RICH_LABEL: (6, 2), _RESULT: (0, 2), _BOUND_SHEET: (6, 1)}
"""Records with a text: where its length stands, and in how many bytes; the text follows."""
_KNOWN_PAGES = frozenset(
    {
        866,
        874,
        932,
        936,
        949,
        950,
        1200,
        *range(1250, 1259),
        10000,
        10007,
        10017,
        20866,
        21866,
        28591,
        28592,
        28605,
    }
)
"""Those that the library reads."""
_CODECS = {
    0x8000: "mac_roman",
    0x8001: "cp1252",
    367: "ascii",
    10000: "mac_roman",
    10006: "mac_greek",
    10007: "mac_cyrillic",
    10029: "mac_latin2",
    10079: "mac_iceland",
    10081: "mac_turkish",
}
"""Codecs of pages that Python knows by another name than that of their number."""
_SAME = {0x8000: 10000, 0x8001: 1252, 367: 1252}
"""Further names of pages that it knows."""
_UNICODE = 1200
_WINDOWS = (1252, 1250, 1251, 1253, 1254, 1255, 1256, 1257)
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""Numbers that the library takes for dates, whatever the file says of them."""
_FIRST_FREE_FORMAT = 164
_GENERAL, _MOMENT = 0, 22
_HALF_OF_DAY = re.compile(r"am/pm|a/p")
_LETTERS = re.compile(r"[^\W\d_]")
_DIGITS = frozenset("0#?")


class _CodePage(NamedTuple):
    """How the texts of an old workbook are written: the page's number, and the codec of that page."""

    number: int
    codec: str | None


def readable(content: bytes) -> bytes:
    """Return a workbook whose texts and dates the library reads right, or end with a fault.

    Its own bytes, where nothing has to be mended.
    """
    old = workbook_stream(content)
    stream = bytearray(old)
    _mend_code_page(stream, old)
    _mend_formats(stream, old)
    return with_workbook_stream(content, bytes(stream)) if stream != old else content


def _mend_code_page(stream: bytearray, old: bytes) -> None:
    """Name a page that the library knows; write the texts in that page where they are in none."""
    page = _code_page(old)
    if page.number in _KNOWN_PAGES:
        return
    if not is_older(old):
        # Its texts are in Unicode, whatever page it names.
        _name_page(stream, old, _UNICODE)
    else:
        _name_page(stream, old, _SAME.get(page.number) or _transcoded(stream, old, page))


def _code_page(stream: bytes) -> _CodePage:
    """Return the code page of a workbook; that of Windows where none is named. Source: §2.4.52."""
    number = 0x8001
    for kind, body in records(stream, 0):
        if kind == _CODE_PAGE and len(body) >= 2:
            (number,) = unpack_from("<H", body)
        if kind in (_CODE_PAGE, _END):
            break
    name = _CODECS.get(number, f"cp{number}")
    try:
        return _CodePage(number, codecs.lookup(name).name)
    except LookupError:
        return _CodePage(number, None)


def _name_page(stream: bytearray, old: bytes, number: int) -> None:
    for kind, start, size in _places(old):
        if kind == _CODE_PAGE and size >= 2:
            pack_into("<H", stream, start, number)
        if kind in (_CODE_PAGE, _END):
            return


def _transcoded(stream: bytearray, old: bytes, page: _CodePage) -> int:  # noqa: RET503 - fail_with() ends it.
    """Write each text in a page of Windows that has all its letters, and return the number of that page."""
    texts = list(_texts(old))
    used = sorted({byte for start, end in texts for byte in old[start:end]})
    for number in _WINDOWS if page.codec else ():
        table = _table(used, page, f"cp{number}")
        if table:
            for start, end in texts:
                stream[start:end] = old[start:end].translate(table)
            return number
    fail_with("not_text.code_page", value=str(page.number), advice=INSTEAD)


def _table(used: list[int], page: _CodePage, windows: str) -> bytes | None:
    """Return the table that turns the bytes of a page into those of another one with the same letters."""
    table = bytearray(range(256))
    assert page.codec is not None
    try:
        for byte in used:
            (table[byte],) = bytes([byte]).decode(page.codec).encode(windows)
    except ValueError:
        return None
    return bytes(table)


def _texts(stream: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the texts of cells and the names of sheets begin and end."""
    for kind, start, size in _places(stream):
        if kind in _LENGTHS:
            at, width = _LENGTHS[kind]
            if size >= at + width:
                length = int.from_bytes(stream[start + at : start + at + width], "little")
                first = start + at + width
                yield first, min(first + length, start + size, len(stream))


def _mend_formats(stream: bytearray, old: bytes) -> None:
    """Give cells whose format has the number of another kind one of their own kind."""
    instead: dict[int, int] = {}
    is_old = is_older(old)
    for kind, start, size in _places(old):
        if kind == _END:
            return
        if kind == _NUMBER_FORMAT and size > 3:
            body = old[start : start + size]
            (number,) = unpack_from("<H", body)
            instead[number] = _meant(number, format_code(body, is_old=is_old))
        elif kind == _CELL_FORMAT and size >= 4 and instead:
            (number,) = unpack_from("<H", old, start + 2)
            pack_into("<H", stream, start + 2, instead.get(number, number))


def _meant(number: int, code: str) -> int:
    """Return a number of a format that the library takes for what the file says of this one.

    Some programs write the letters of dates in their own language: what is neither plainly a number nor
    plainly a date keeps its number.
    """
    plain = _HALF_OF_DAY.sub("", without_literals(code).lower())
    letters = set(_LETTERS.findall(plain))
    if number in _DATE_FORMATS:
        is_number = plain == "general" or (letters <= {"e"} and not _DIGITS.isdisjoint(plain))
        return _GENERAL if is_number else number
    if 0 < number < _FIRST_FREE_FORMAT and letters and letters <= set("dmyhs") and _DIGITS.isdisjoint(plain):
        return _MOMENT
    return number


def _places(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, beginning and size of the body of each record."""
    start = 0
    for kind, body in records(stream, 0):
        yield kind, start + 4, len(body)
        start += 4 + len(body)
