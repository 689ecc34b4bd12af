"""JSON from strangers: any text gets an answer, never an exception. Source: RFC 8259.

Python's reader accepts NaN, keeps the last of repeated members, recurses without bound of its
own, and raises on integers of 5,000 digits; all four are decided here, for `local_info` and for
request bodies alike.
"""

import json
import re
from collections import Counter
from typing import NoReturn

from domain.problems import VALUE_LIMIT, Problem, excerpt

MAX_DEPTH = 64
"""Objects and lists within each other."""

_INTEGER_CHARACTERS = VALUE_LIMIT + 1
# Strings first, so that brackets inside them do not count; an unclosed one runs to the end.
_DEPTH_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z|\\)|[\[{]|[\]}]', re.DOTALL)
_SMART_QUOTES = re.compile("[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]")
_ESCAPED_MARK = re.compile(r"\\u[dD][cC][89a-fA-F]")
_STRAY_MARK = re.compile("[\udc80-\udcff]")
_PYTHON_WORDS = re.compile(r"[:\[,]\s*(?:True|False|None)\b|[{,\[]\s*'")


class _RefusedError(ValueError):
    """Carries a problem out of the JSON reader's hooks."""

    def __init__(self, code: str, message: str, value: str) -> None:
        super().__init__(message)
        self.code = code
        self.value = value


def decode_json(text: str | bytes, *, field: str = "") -> object | Problem:
    """Return the JSON value in a text, or the problem that says why there is none.

    Objects are dicts, lists are lists. Codes: `invalid_json`, `duplicate_key`, and
    `invalid_unicode` for bytes that are not UTF-8. Strings may still hold lone surrogates
    from escapes: the rules of the fields refuse them, and cannot take them for stray bytes.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return Problem(field, "invalid_unicode", f"byte {error.start} is not UTF-8")
    if _is_too_deep(text):
        message = f"objects and lists may be at most {MAX_DEPTH} deep"
        return Problem(field, "invalid_json", message, excerpt(text))
    return _loaded(text, field)


def _loaded(text: str, field: str) -> object | Problem:
    try:
        value: object = _DECODER.decode(text)
    except _RefusedError as refused:
        return Problem(field, refused.code, str(refused), excerpt(refused.value))
    except (ValueError, RecursionError) as error:
        return Problem(field, "invalid_json", _advice(text, error), excerpt(text))
    return _without_marks(value) if _ESCAPED_MARK.search(text) else value


def _without_marks(value: object) -> object:
    """Return a value in which no half of a pair is one that decoding uses for a stray byte."""
    if isinstance(value, str):
        return _STRAY_MARK.sub("\udc00", value)
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_marks(member) for name, member in value.items()}
    return value


def _is_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _DEPTH_TOKEN.finditer(text):
        first = text[token.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        again = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        message = f"the member {excerpt(again)} is there twice; which one is meant?"
        raise _RefusedError("duplicate_key", message, again)
    return members


def _integer(digits: str) -> int:
    """Read an integer. Of one that is out of every range, as much is kept as a problem repeats."""
    return int(digits[:_INTEGER_CHARACTERS])


def _constant(word: str) -> NoReturn:
    raise _RefusedError("invalid_json", f"{word} is not JSON; write a number or null", word)


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=_integer, parse_constant=_constant)


def _advice(text: str, error: Exception) -> str:
    """Say what is wrong and, for the usual mistakes, what to do."""
    if _SMART_QUOTES.search(text):
        return "this is not JSON: replace curly quotes by straight double quotes"
    if _PYTHON_WORDS.search(text):
        return "this is Python, not JSON: use double quotes, true, false and null"
    if isinstance(error, json.JSONDecodeError):
        return f"this is not JSON: {error.msg.removesuffix(' at')} at character {error.pos + 1}"
    return "this is not JSON that can be read"
