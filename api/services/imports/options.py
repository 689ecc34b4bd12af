"""What an uploader asked for, out of query parameters and form fields."""

import codecs
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from domain.imports import ImportOptions
from domain.problems import VALUE_LIMIT, Problem

UPLOAD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
TAKEN_IDS = frozenset({"tus", "preview"})
"""Where an import's id stands in a path, these stand for something else."""

DELIMITERS = {",": ",", ";": ";", "|": "|", "\t": "\t", "tab": "\t", "\\t": "\t"}
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
_MEMBERS_LIMIT = 128
_Members = TypeVar("_Members", bound=dict[str, Any])


def parse_options(raw: Mapping[str, str]) -> ImportOptions | list[Problem]:
    """Return the options in these texts, or everything that is wrong with them.

    Args:
        raw: by wire name (docs/csv.md, "Options"); other names are left alone.
    """
    problems: list[Problem] = []
    members: dict[str, Any] = {}
    for name, read in _READERS.items():
        if name not in raw:
            continue
        try:
            members[name] = read(raw[name])
        except ValueError as wrong:
            problems.append(Problem(name, "invalid_option", f"{name} {wrong}", raw[name][:VALUE_LIMIT]))
    return problems or ImportOptions(**members)


def check_upload_id(text: str) -> Problem | None:
    """Return what is wrong with an id that a client chose."""
    if UPLOAD_ID.fullmatch(text) and text not in TAKEN_IDS:
        return None
    rule = f"must be 1 to 64 of the characters A-Z a-z 0-9 _ -, and none of {', '.join(sorted(TAKEN_IDS))}"
    return Problem("upload_id", "invalid_option", f"upload_id {rule}", text[:VALUE_LIMIT])


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


def _mapping(text: str) -> dict[str, str]:
    return _members(text, dict[str, str], 'texts, such as {"title":"TITULO"}')


def _defaults(text: str) -> dict[str, str]:
    """Read values as a cell would have them; a capacity of 300 needs no quotes."""
    values = _members(
        text, dict[str, bool | int | float | str | dict[str, Any]], 'values, such as {"city":"Madrid"}'
    )
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in values.items()
    }


def _members(text: str, kind: type[_Members], of: str) -> _Members:
    try:
        members: _Members = msgspec.json.decode(text.encode("utf-8", "replace"), type=kind)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError(f"must be a JSON object of {of}") from None
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
    "date_format": _one_of("iso", "dmy"),
    "encoding": _encoding,
    "delimiter": _delimiter,
    "mapping": _mapping,
    "defaults": _defaults,
    "sheet": _sheet,
}
OPTION_NAMES = frozenset(_READERS)
