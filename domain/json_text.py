"""Parses untrusted JSON: any text gives a value or a problem, never an exception. Source: RFC 8259.

Python's reader accepts NaN, keeps the last of repeated members, recurses without bound of its
own, and raises on integers of 5,000 digits; all four are decided here, for `local_info` and for
request bodies alike.
"""

import json
import re
from collections import Counter
from typing import Any, NoReturn, TypeVar

from domain.phrases import PHRASES
from domain.problems import VALUE_LIMIT, Problem, ProblemParam, excerpt, problem

_Value = TypeVar("_Value")

MAX_DEPTH = 64
"""Objects and lists within each other."""

_INTEGER_CHARACTERS = VALUE_LIMIT + 1
# Strings first, so that brackets inside them do not count; an unclosed one runs to the end.
_DEPTH_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z|\\)|[\[{]|[\]}]', re.DOTALL)
_SMART_QUOTES = re.compile("[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]")
_ESCAPED_MARK = re.compile(r"\\u[dD][cC][89a-fA-F]")
_STRAY_MARK = re.compile("[\udc80-\udcff]")
_PYTHON_WORDS = re.compile(r"[:\[,]\s*(?:True|False|None)\b|[{,\[]\s*'")


_WHY = {message: code for code, message in PHRASES["why"].items()}


class _RefusedError(ValueError):
    """Carries a problem out of the JSON reader's hooks."""

    def __init__(self, sentence: str, value: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.value = value


def decode_json(text: str | bytes, *, field: str = "") -> object | Problem:
    """Return the JSON value of a text, or the problem.

    Objects are dicts, lists are lists. Codes: `invalid_json`, `duplicate_key`, and
    `invalid_unicode` for bytes that are not UTF-8. Strings may still hold lone surrogates
    from escapes: the rules of the fields refuse them, and cannot take them for stray bytes.
    """
    whole = text_of(text, field)
    return whole if isinstance(whole, Problem) else decode_piece(whole, field)


def text_of(text: str | bytes, field: str = "") -> str | Problem:
    """Return the text in bytes of UTF-8, without a byte order mark."""
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return problem("invalid_unicode.byte", field, position=error.start)


def decode_piece(text: str, field: str = "", *, start: int = 0, level: int = 0) -> object | Problem:
    """Return the JSON value in a piece of a text: it begins at character `start`, within `level` lists."""
    if is_too_deep(text, level):
        return too_deep(text, field)
    try:
        value: object = DECODER.decode(text)
    except _RefusedError as refused:
        return problem(refused.sentence, field, value=excerpt(refused.value))
    except (ValueError, RecursionError) as error:
        return unreadable(text, error, start, field=field)
    return without_marks(text, value)


def too_deep(text: str, field: str = "") -> Problem:
    """Return the problem of nesting that is too deep."""
    return problem("invalid_json.deep", field, value=excerpt(text), limit=MAX_DEPTH)


def not_json(message: str, at: int) -> Problem:
    """Return the problem of an unexpected character, counted from 0; `message` is one of Python's reader."""
    return problem("invalid_json.at", why=_WHY[message], position=at + 1)


def without_marks(text: str, value: _Value) -> _Value:
    """Return the value of a text as it is, but for escapes of what decoding uses for a stray byte."""
    return _without_marks(value) if _ESCAPED_MARK.search(text) else value


def _without_marks(value: Any) -> Any:
    if isinstance(value, str):
        return _STRAY_MARK.sub("\udc00", value)
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_marks(member) for name, member in value.items()}
    return value


def is_too_deep(text: str, level: int = 0) -> bool:
    """Return whether nesting is too deep; the text starts at nesting `level`."""
    if text.count("[") + text.count("{") <= MAX_DEPTH - level:
        return False
    depth = level
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
        raise _RefusedError("duplicate_key", again)
    return members


def json_integer(digits: str) -> int:
    """Read an integer. Of one that is out of every range, as much is kept as a problem repeats."""
    return int(digits[:_INTEGER_CHARACTERS])


def _constant(word: str) -> NoReturn:
    raise _RefusedError("invalid_json.constant", word)


DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=json_integer, parse_constant=_constant)


def unreadable(text: str, error: Exception, start: int = 0, *, field: str = "") -> Problem:
    """Return what is wrong and, for the usual mistakes, what to do; `text` begins at character `start`."""
    sentence, params = _advice(text, error, start)
    return problem(sentence, field, value=excerpt(text), params=params)


def unreadable_in_line(text: str, error: Exception, line: int, *, value: str) -> Problem:
    """Return the same of a line of a file, with the part of it that is shown."""
    sentence, params = _advice(text, error, 0)
    return problem(f"{sentence}_in_line", value=value, params={"line": line, **params})


def _advice(text: str, error: Exception, start: int) -> tuple[str, dict[str, ProblemParam]]:
    if _SMART_QUOTES.search(text):
        return "invalid_json.quotes", {}
    if _PYTHON_WORDS.search(text):
        return "invalid_json.python", {}
    if isinstance(error, json.JSONDecodeError) and error.msg.removesuffix(" at") in _WHY:
        why = _WHY[error.msg.removesuffix(" at")]
        return "invalid_json.at", {"why": why, "position": start + error.pos + 1}
    return "invalid_json.unreadable", {}
