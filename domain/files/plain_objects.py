"""Objects of JSON to cells, many at once: the fast path for those that keep to the rules.

Whatever is out of the ordinary (a member that is there twice, an unknown one, a value of another
type) is left to the careful way, which defines the outcome; tests compare both.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from domain.files.member_values import cell_text
from domain.rows.columns import Columns
from domain.rows.names import EITHER

REGION_CHARACTERS = 64 * 1024
"""So much of a file is cut into objects at once."""

_MOST_COLUMNS = 64
_EXACT_FLOATS = 2**53
_SPACED_NAME = re.compile(rb'"[ \t\r\n]+:')
# What a name cannot have without an escape, and a surrogate, which cannot be written at all.
_ESCAPED = re.compile('[\x00-\x1f"\\\\\ud800-\udfff]')
_BEFORE_A_COLON = (b'" :', b'"\n', b'"\t', b'"\r')
_decode_array = msgspec.json.Decoder(list[Raw]).decode
_decode_lines = msgspec.json.Decoder(Raw).decode_lines
_decode_text = msgspec.json.Decoder(str).decode

_TYPES: dict[str, Any] = {
    "participants": list[str] | str | None,
    "local_info": Raw,
    "local_info.capacity": int | str | None,
    "local_info.is_accessible": bool | str | None,
    "local_info.manually_edited": bool | str | None,
    "local_info.past_events": None,
    "id": int | str | None,
    EITHER: str | None,
}
"""What a member may be, by its field; text where the field is not listed."""


class PlainRun(Struct):
    """Objects that follow each other.

    Attributes:
        region: the bytes that they are in, in UTF-8.
        pieces: the bytes of each.
        lines: on which each begins, counted from 0 where the region begins.
        ends: index of the byte after each.
    """

    region: bytes
    pieces: list[bytes] = []
    lines: list[int] = []
    ends: list[int] = []


def cut(region: bytes, *, is_array: bool) -> PlainRun | None:
    """Return the objects of a region, which ends after one of them; None where it needs care."""
    if any(mark in region for mark in _BEFORE_A_COLON) and _SPACED_NAME.search(region):
        return None
    if region.count(b"\r") != region.count(b"\r\n"):
        return None
    try:
        raws = _decode_array(b"[" + region + b"]") if is_array else _decode_lines(region)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    run, at, line = PlainRun(region), 0, 0
    for piece in map(bytes, raws):
        if piece[:1] != b"{":
            break
        start = region.find(b"{", at)
        line += region.count(b"\n", at, start)
        at = start + len(piece)
        run.pieces.append(piece)
        run.lines.append(line)
        line += piece.count(b"\n")
        run.ends.append(at)
    return run if run.pieces else None


def last_boundary(text: str, start: int, stop: int, *, is_array: bool) -> int:
    """Return the index after the last object that certainly ends before `stop`; `start` for none."""
    if not is_array:
        return text.rfind("\n", start, stop) + 1 or start
    at = stop
    while (at := text.rfind("}", start, at)) > start:
        comma = _after_blanks(text, at + 1)
        if (
            text[comma : comma + 1] == ","
            and text[(brace := _after_blanks(text, comma + 1)) : brace + 1] == "{"
        ):
            return at + 1
    return start


def _after_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\n", "\r", "\t"):
        at += 1
    return at


class PlainObjects:
    """Turns objects into the cells of a file's columns."""

    def __init__(self, names: Sequence[str], columns: Columns) -> None:
        """Prepare for a file; one with very many members, or odd names, has no plain objects."""
        fields = {at: field for field, at in columns.index.items()}
        self.is_usable = 0 < len(names) <= _MOST_COLUMNS and not any(map(_ESCAPED.search, names))
        self._fields = [fields.get(at) for at in range(len(names))]
        if not self.is_usable:
            return
        self._json = [at for at, field in enumerate(self._fields) if field == "local_info"]
        types = [_TYPES.get(field, str | None) if field else Any for field in self._fields]
        members = [f"c{at}" for at in range(len(names))]
        rename = dict(zip(members, names, strict=True))
        whole = msgspec.defstruct(
            "Whole", list(zip(members, types, strict=True)), rename=rename, forbid_unknown_fields=True
        )
        # Of a part the members that are missing have this in their place.
        some = msgspec.defstruct(
            "Some",
            [
                (member, kind, msgspec.field(default=_ABSENT))
                for member, kind in zip(members, types, strict=True)
            ],
            rename=rename,
            forbid_unknown_fields=True,
        )
        self._decode_whole = msgspec.json.Decoder(whole).decode
        self._decode_some = msgspec.json.Decoder(some).decode

    def read(self, pieces: Sequence[bytes]) -> tuple[list[list[str]], set[int]]:
        """Return the cells of each object, and the places of those that need care."""
        width, odd = len(self._fields), set[int]()
        found: list[tuple[Any, ...]] = []
        for at, piece in enumerate(pieces):
            values = self._values(piece)
            if values is None:
                odd.add(at)
                values = ("",) * width
            found.append(values)
        columns = [
            self._column(field, values, odd)
            for field, values in zip(self._fields, zip(*found, strict=True), strict=True)
        ]
        return [list(cells) for cells in zip(*columns, strict=True)], odd

    def _values(self, piece: bytes) -> tuple[Any, ...] | None:
        """Return the value of each column; None of an object that is not plain."""
        try:
            values = msgspec.structs.astuple(self._decode_whole(piece))
            count = len(values)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            try:
                values = msgspec.structs.astuple(self._decode_some(piece))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                return None
            count = len(values) - values.count(_ABSENT)
        # A name ends with a quote and a colon: with more of them than members, one is there twice.
        for at in self._json:
            if values[at] is not _ABSENT:
                count += _names_in(bytes(values[at]))
        return values if _names_in(piece) == count else None

    def _column(self, field: str | None, values: Sequence[Any], odd: set[int]) -> Sequence[str]:
        """Return values as cells; the places of those that are none are added to the odd ones."""
        if set(map(type, values)) == {str}:
            return values
        if field == "participants" and set(map(type, values)) == {list}:
            return [*map(";".join, values)]
        return [
            value if type(value) is str else _cell(field, value, at, odd) for at, value in enumerate(values)
        ]


def _cell(field: str | None, value: Any, at: int, odd: set[int]) -> str:
    if type(value) is Raw:
        return _json_cell(bytes(value), at, odd)
    if value is None or value is _ABSENT:
        return ""
    if type(value) is int:
        return str(value)
    if type(value) is list and field == "participants":
        return ";".join(value)
    if type(value) in (dict, list) or (type(value) is float and abs(value) >= _EXACT_FLOATS):
        odd.add(at)
        return ""
    text, problems = cell_text(field, value)
    if problems:
        odd.add(at)
    return text


_ABSENT: Any = msgspec.UNSET


def _json_cell(raw: bytes, at: int, odd: set[int]) -> str:
    """Return an object as it is written, the text of a text."""
    try:
        if raw[:1] == b"{" and b'"$' not in raw:
            return raw.decode()
        if raw == b"null":
            return ""
        if raw[:1] == b'"':
            return _decode_text(raw)
    except (msgspec.MsgspecError, ValueError):
        pass
    odd.add(at)
    return ""


def _names_in(piece: bytes) -> int:
    """Return how many names of members are in an object and what it holds."""
    if b'\\"' in piece:
        piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
    return piece.count(b'":')
