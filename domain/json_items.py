"""Reads large JSON in bounded memory: counts values before creating objects.

An array of many items is read one item at a time, so that no more than one of them is in memory as
objects. No item, and no text that is one value, may hold more than so many values and characters.
"""

import re
from collections.abc import Iterator
from contextlib import suppress

from domain.json_text import (
    DECODER,
    MAX_DEPTH,
    decode_piece,
    is_too_deep,
    not_json,
    text_of,
    too_deep,
    without_marks,
)
from domain.problems import Problem

MAX_VALUES = 40_000
"""In one item: an event may have 32,768 names of one letter before they are found to be too many."""

MAX_CHARACTERS = 4 * 1024 * 1024
"""Of one item: three texts of 64 KiB with each character written as an escape are 1.2 MB."""

TOO_LARGE = "too_large"
"""The code of an item that holds more than that."""

_WINDOW = 64 * 1024
"""Characters that are tried at once. Most items are shorter; a longer one is counted first."""

_BLANK = re.compile(r"[ \t\n\r]*")
# A string first, so that what is inside it does not count; an unclosed one runs to the end.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\Z|\\)|[\[{]|[\]}]|,', re.DOTALL)


class NotAnArray:
    """A text whose value is not an array."""

    def __init__(self, value: object) -> None:
        self.value = value


def decode_bounded(text: str | bytes) -> object | Problem:
    """Return the one JSON value in a text as `decode_json` does, or `too_large`."""
    whole = text_of(text)
    if isinstance(whole, Problem):
        return whole
    if len(whole) > MAX_CHARACTERS or _may_hold_too_much(whole):
        end = _end_of_item(whole, _after_blank(whole, 0))
        if isinstance(end, Problem):
            return end
        if (rest := _after_blank(whole, end)) < len(whole):
            return not_json("Extra data", rest)
    return decode_piece(whole)


def read_items(text: str | bytes) -> Iterator[object] | NotAnArray | Problem:
    """Return an iterator over the items of an array, each read when it is asked for.

    A fault ends it with a Problem: the codes of `decode_json`, and `too_large`. A text that is no
    array is answered at once.
    """
    whole = text_of(text)
    if isinstance(whole, Problem):
        return whole
    start = _after_blank(whole, 0)
    if whole.startswith("[", start):
        return _items(whole, _after_blank(whole, start + 1))
    value = decode_bounded(whole)
    return value if isinstance(value, Problem) else NotAnArray(value)


def _items(text: str, at: int) -> Iterator[object]:
    if not text.startswith("]", at):
        while True:
            value, at = _item(text, at)
            yield value
            if isinstance(value, Problem):
                return
            at = _after_blank(text, at)
            if not text.startswith(",", at):
                break
            at = _after_blank(text, at + 1)
    if not text.startswith("]", at):
        yield not_json("Expecting ',' delimiter", at)
    elif (rest := _after_blank(text, at + 1)) < len(text):
        yield not_json("Extra data", rest)


def _item(text: str, at: int) -> tuple[object, int]:
    """Return the value that begins there, or a Problem, and where it ends."""
    window = text[at : at + _WINDOW]
    end = 0
    # What begins so is not taken for whole where the window cuts it, as a number would be.
    if window.startswith(("{", "[", '"')):
        with suppress(ValueError, RecursionError):
            value, end = DECODER.raw_decode(window)
    if end:
        piece = window[:end]
        return (too_deep(piece) if is_too_deep(piece, 1) else without_marks(piece, value)), at + end
    found = _end_of_item(text, at, level=1)
    if isinstance(found, Problem):
        return found, at
    return decode_piece(text[at:found], start=at, level=1), found


def _end_of_item(text: str, at: int, *, level: int = 0) -> int | Problem:
    """Return where the value that begins there ends, or why it is not read."""
    depth = values = 0
    limit = at + MAX_CHARACTERS
    for token in _TOKEN.finditer(text, at, limit):
        mark = text[token.start()]
        if not depth and mark in "]},":
            return token.start()
        depth += (mark in "[{") - (mark in "]}")
        values += mark in "[{,"
        if depth + level > MAX_DEPTH:
            return too_deep(text[at : token.end()])
        if values > MAX_VALUES:
            return _too_large(f"more than {MAX_VALUES} values")
        if not depth and token.end() < limit:
            return token.end()
    return _too_large(f"more than {MAX_CHARACTERS} characters") if len(text) > limit else len(text)


def _too_large(what: str) -> Problem:
    return Problem("", TOO_LARGE, f"{what} are in one JSON value, which is more than any event has")


def _may_hold_too_much(text: str) -> bool:
    """Count quickly, and too much: marks inside of strings as well."""
    return text.count(",") + text.count("[") + text.count("{") > MAX_VALUES


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    assert found is not None, "it matches nothing at least"
    return found.end()
