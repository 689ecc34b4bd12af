"""Cuts the XML of a sheet in an .xlsx into rows and cells, in one pass and piece by piece.

Each pattern ends where the next tag begins, or takes all that is left: a sheet that never closes what it
opens costs no more than another one. Source: ECMA-376 part 1, §18.3.1.4 (c), §18.3.1.73 (row).
"""

import re
from collections.abc import Iterator
from typing import IO

from api.unpacking.fault import fail_with

READ_BYTES = 1024 * 1024
MOST_ROW_BYTES = 64 * 1024 * 1024
"""Of a row with all its cells: more than any program writes."""
MOST_TAG_BYTES = 1024 * 1024
"""Of one tag with its attributes."""

_ROW = re.compile(rb"<(?:\w+:)?row\b([^<>]*?)(?:/>|>((?:[^<]++|<(?!/(?:\w+:)?row>))*+))")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^<>]*?)(?:/>|>((?:[^<]++|<(?!/(?:\w+:)?c>))*+))")
_ROW_END = re.compile(rb"</(?:\w+:)?row>|<(?:\w+:)?row\b[^<>]*/>")
_NUMBER = re.compile(rb"""\br=["'][0-9]+["']""")
_PLAIN_END = b"</row>"


def rows_of(content: IO[bytes], marks: tuple[bytes, ...]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the attributes and the cells of each row; of many rows without a mark, only the last.

    Ends with a fault at a row or a tag of a size that no workbook needs.
    """
    begun: list[bytes] = []
    size = 0
    tag = b""
    while piece := content.read(READ_BYTES):
        held = tag + piece
        # What may be the beginning of a tag is looked at with its end.
        cut = held.rfind(b"<")
        cut = cut if cut > held.rfind(b">") else len(held)
        held, tag = held[:cut], held[cut:]
        end = _end_of_rows(held)
        if end:
            yield from _whole_rows(b"".join((*begun, held[:end])), marks)
            begun, size = [], 0
        begun.append(held[end:])
        size += len(begun[-1])
        if size > MOST_ROW_BYTES or len(tag) > MOST_TAG_BYTES:
            fail_with("too_large.sheet")
    yield from _whole_rows(b"".join(begun), marks)


def cells_of(row: bytes) -> Iterator["re.Match[bytes]"]:
    """Yield a match for each cell of a row: group 1 has its attributes, group 2 its content or None."""
    return _CELL.finditer(row)


def _end_of_rows(xml: bytes) -> int:
    """Return the index after the last row that ends in a piece; 0 if none does."""
    at = xml.rfind(_PLAIN_END)
    if at >= 0:
        return at + len(_PLAIN_END)
    end = 0
    for found in _ROW_END.finditer(xml):
        end = found.end()
    return end


def _whole_rows(xml: bytes, marks: tuple[bytes, ...]) -> Iterator[tuple[bytes, bytes]]:
    if (last := _last_of_plain(xml, marks)) is not None:
        yield last, b""
        return
    for found in _ROW.finditer(xml):
        yield found[1], found[2] or b""


def _last_of_plain(xml: bytes, marks: tuple[bytes, ...]) -> bytes | None:
    """Return the attributes of the last row, where no row can have a mark; else None."""
    if any(mark in xml for mark in marks):
        return None
    start = xml.rfind(b"<row")
    attributes = xml[start + len(b"<row") : xml.find(b">", start)]
    return attributes if start >= 0 and _NUMBER.search(attributes) else None
