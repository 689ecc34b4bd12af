"""Values that exports of MongoDB write as objects. Source: MongoDB Extended JSON (v2)."""

from datetime import timedelta
from typing import Any

from domain.dates import UNIX_EPOCH
from domain.json_text import json_integer

_TEXTS = frozenset({"$oid", "$uuid", "$symbol"})
_INTEGERS = frozenset({"$numberInt", "$numberLong"})
_NUMBERS = frozenset({"$numberDouble", "$numberDecimal"})


def plain_value(name: str, value: Any) -> Any:
    """Return what an object of this one member stands for; the object itself where it is no such value."""
    if name in _TEXTS and type(value) is str:
        return value
    if name == "$date":
        moment = value if type(value) is str else _moment(value)
        return {name: value} if moment is None else moment
    number = _number(name, value) if type(value) is str else None
    return {name: value} if number is None else number


def _number(name: str, text: str) -> int | float | None:
    try:
        if name in _INTEGERS and text.isascii() and text.lstrip("-").isdigit():
            return json_integer(text)
        return float(text) if name in _NUMBERS and text.isascii() else None
    except ValueError:
        return None


def _moment(milliseconds: Any) -> str | None:
    """Return a count of milliseconds as a date: here nothing else can be meant by a number."""
    if type(milliseconds) is not int:
        return None
    try:
        return (UNIX_EPOCH + timedelta(milliseconds=milliseconds)).isoformat()
    except OverflowError:
        return None
