"""Parses the options of an import from query parameters and form fields."""

import codecs
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from domain import limits
from domain.csv.dialect import known_encoding
from domain.imports import ImportOptions
from domain.json_items import decode_bounded
from domain.problems import Problem, excerpt, in_sentence
from domain.rows.columns import FIELDS

UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
TAKEN_IDS = frozenset({"tus", "preview"})
"""Where an import's id stands in a path, these stand for something else."""

DELIMITERS = {",": ",", ";": ";", "|": "|", "\t": "\t", "tab": "\t", "\\t": "\t"}
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": True}
"""A flag without a value is a yes: `?dry_run` asks for a dry run."""
_MEMBERS_LIMIT = 128
_VALUES_LIMIT = 2_000

KEY_FIELDS = ("id", *(name for name in FIELDS if name not in ("id", "event_time")))
"""What may make two rows the same event."""

_FOUND_BY = frozenset({"id", *limits.REQUIRED})
_Members = TypeVar("_Members", bound=dict[str, Any])


def parse_options(raw: Mapping[str, str]) -> ImportOptions | list[Problem]:
    """Return the options in these texts, or all their problems.

    Args:
        raw: by wire name (docs/files.md, "Options"); other names are left alone.
    """
    problems: list[Problem] = []
    members: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name not in raw:
            continue
        try:
            members[name] = read(raw[name])
        except ValueError as wrong:
            problems.append(Problem(name, "invalid_option", f"{name} {wrong}", excerpt(raw[name])))
    return problems or ImportOptions(**members)


def check_upload_id(text: str) -> Problem | None:
    """Return the problem of an id that a client chose, or None."""
    if UPLOAD_ID.fullmatch(text) and text not in TAKEN_IDS:
        return None
    rule = f"must be 1 to 64 of the characters A-Z a-z 0-9 _ -, and none of {', '.join(sorted(TAKEN_IDS))}"
    return Problem("upload_id", "invalid_option", f"upload_id {rule}", excerpt(text))


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return read


def _truth(text: str) -> bool:
    try:
        return _TRUTH[text.strip().lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _encoding(text: str) -> str:
    readable = known_encoding(text)
    if readable:
        return readable
    try:
        known = codecs.lookup(text.strip())
    except (LookupError, ValueError):
        raise ValueError("must name a text encoding, such as utf-8 or windows-1252") from None
    # rot13, base64 and their like are codecs, too, but not of text.
    if not getattr(known, "_is_text_encoding", True):
        raise ValueError("must name a text encoding, such as utf-8 or windows-1252")
    return known.name


def _delimiter(text: str) -> str:
    try:
        return DELIMITERS[text.lower()]
    except KeyError:
        raise ValueError("must be one of , ; | or tab") from None


def _mapping(text: str) -> dict[str, str | None]:
    """Read field to column: its name, its place as "#3", or null for none."""
    return _members(text, dict[str, str | None], 'texts, "#3" or null, such as {"title":"TITULO"}')


def _defaults(text: str) -> dict[str, str]:
    """Read values as a cell would have them; a capacity of 300 needs no quotes."""
    values = _members(
        text, dict[str, bool | int | float | str | dict[str, Any]], 'values, such as {"city":"Madrid"}'
    )
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in values.items()
    }


def _values(text: str) -> dict[str, dict[str, str]]:
    """Read field to the cells that are replaced; a member null takes the cell away."""
    example = '{"venue_type":{"Auditorium":"Auditório"}}'
    found = _members(
        text, dict[str, dict[str, str | int | float | bool | None]], f"objects, such as {example}"
    )
    if sum(map(len, found.values())) > _VALUES_LIMIT:
        raise ValueError(f"must replace at most {_VALUES_LIMIT} values")
    return {field: {old: _cell(new) for old, new in pairs.items()} for field, pairs in found.items()}


def _cell(value: str | float | bool | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _key(text: str) -> tuple[str, ...]:
    """Read names of fields, as a JSON array or separated by commas."""
    if text.lstrip().startswith("["):
        try:
            names = msgspec.json.decode(text.encode("utf-8", "replace"), type=list[str])
        except (msgspec.DecodeError, RecursionError):
            raise ValueError("must be field names, such as title,event_date,city") from None
    else:
        names = text.split(",")
    names = [name.strip() for name in names]
    if not names or len(names) != len(set(names)):
        raise ValueError("must name at least one field, each once")
    if unknown := [name for name in names if name not in KEY_FIELDS]:
        shown = in_sentence(excerpt(unknown[0]))
        raise ValueError(f"has {shown}, which is not one of {', '.join(KEY_FIELDS)}")
    if _FOUND_BY.isdisjoint(names):
        raise ValueError("must contain at least one of id, title, event_date and city")
    return tuple(names)


def _header_row(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise ValueError("must be the number of a row, from 1, or 0 for a file without a header")
    return int(text)


def _repairs_of(text: str) -> str:
    if not UPLOAD_ID.fullmatch(text):
        raise ValueError("must be the id of an import")
    return text


def _members(text: str, kind: type[_Members], of: str) -> _Members:
    value = decode_bounded(text)
    if isinstance(value, Problem) and value.code == "duplicate_key":
        raise ValueError(f"repeats a member: {value.message}")
    try:
        members: _Members = msgspec.convert(value, type=kind)
    except msgspec.ValidationError:
        raise ValueError(f"must be a JSON object of {of}") from None
    try:
        msgspec.json.encode(members)
    except UnicodeError:
        raise ValueError(
            "must not contain half of a UTF-16 surrogate pair, which is not a character"
        ) from None
    if len(members) > _MEMBERS_LIMIT:
        raise ValueError(f"must have at most {_MEMBERS_LIMIT} members")
    return members


def _sheet(text: str) -> str:
    if not 1 <= len(text) <= 31:  # Excel's own limit.
        raise ValueError("must be a sheet's name of 1 to 31 characters")
    return text


_READERS: dict[str, Callable[[str], Any]] = {
    "mode": _one_of("partial", "atomic"),
    "dry_run": _truth,
    "date_format": _one_of("auto", "iso", "dmy", "mdy"),
    "encoding": _encoding,
    "delimiter": _delimiter,
    "mapping": _mapping,
    "defaults": _defaults,
    "sheet": _sheet,
    "header_row": _header_row,
    "values": _values,
    "on_duplicate": _one_of("insert", "skip", "update"),
    "key": _key,
    "stage": _truth,
    "repairs_of": _repairs_of,
}
OPTION_NAMES = frozenset(_READERS)
