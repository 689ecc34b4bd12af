"""Recognises names of columns whose letters were lost or changed: `tÃ\u00adtulo`, `t?tulo`."""

import html
import re
from collections.abc import Collection, Iterator, Sequence

from domain.problems import excerpt
from domain.rows.names import known_names, meaning
from domain.text import folded

_LONGEST = 60
_LOST = re.compile("[?\ufffd]+")
_LEAST_LETTERS = 3
_TIMES = 3
# In which programs read UTF-8 by mistake; some write each byte that Windows-1252 lacks as in Latin-1.
_MISTAKEN = ("cp1252", "mac_roman", "cp850")


def damaged_name(fields: Collection[str], names: Sequence[str]) -> tuple[str, str] | None:
    """Return a column that would have the name of one of these fields with its letters right, and that name.

    None where no column would. Total.
    """
    for name in names:
        if len(name) > _LONGEST:
            continue
        for restored in _restored(name):
            known = meaning(restored)
            if known is not None and known.field in fields:
                return excerpt(name), excerpt(restored.strip())
        if found := _with_lost_letters(name, fields):
            return excerpt(name), found
    return None


def _restored(name: str) -> Iterator[str]:
    """Yield what a name may have been before it was encoded as UTF-8 too often, or written as HTML."""
    if "&" in name and (text := html.unescape(name)) != name:
        yield text
    if name.isascii():
        return
    for encoding in _MISTAKEN:
        text = name
        for _ in range(_TIMES):
            read = _read_as_utf_8(text, encoding)
            if read is None or read == text:
                break
            text = read
            yield text


def _read_as_utf_8(text: str, encoding: str) -> str | None:
    try:
        return b"".join(_byte(character, encoding) for character in text).decode("utf-8")
    except UnicodeError:
        return None


def _byte(character: str, encoding: str) -> bytes:
    try:
        return character.encode(encoding)
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _with_lost_letters(name: str, fields: Collection[str]) -> str | None:
    """Return the known name with letters where this one has marks: one or two of them for a letter."""
    lost = _LOST.findall(name)
    if not lost or sum(map(str.isalpha, name)) < max(_LEAST_LETTERS, sum(map(len, lost))):
        return None
    parts = [re.escape("_".join(folded(f"x{part}x").split())[1:-1]) for part in _LOST.split(name)]
    dots = [f".{{{(len(marks) + 1) // 2},{len(marks)}}}" for marks in lost]
    form = re.compile("".join(part + dot for part, dot in zip(parts, [*dots, ""], strict=True)))
    known = (each for field in fields for each in known_names(field))
    return next(filter(form.fullmatch, known), None)
