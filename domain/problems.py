"""One error of a field, as a value; all errors of a row are reported together."""

import re
from collections.abc import Mapping
from math import isinf

from msgspec import UNSET, Struct, UnsetType

from domain.phrases import PHRASES
from domain.sentences import SENTENCES

VALUE_LIMIT = 80
"""Code points of an offending value that a problem repeats."""

MAX_TOLD = 1000
"""Problems of one kind that are listed: a body of megabytes can have millions."""
MAX_COUNTED = 10 * MAX_TOLD
"""Problems that are counted; then the rest is not looked at for more."""

ProblemParam = str | int | tuple[str, ...]

_UNSENDABLE = re.compile("[\ud800-\udfff]")


class Problem(Struct, frozen=True, gc=False):
    """One broken rule.

    Attributes:
        field: wire name of the field, such as ``local_info.capacity``; "" for a whole row or file.
        code: stable, documented in docs/files.md; clients translate it.
        message: English sentence that names the value and the rule.
        value: the offending text, cut at 80 code points; None where there is none.
        suggestion: a value that would be accepted, or None.
        suggestions: all of them, where there is more than one; else absent from the wire.
        rule: which rule of the code was broken, where it has several; clients word it, too.
        params: what the message speaks of beside `field` and `value`, as numbers and texts by name.
    """

    field: str
    code: str
    message: str
    value: str | None = None
    suggestion: str | None = None
    suggestions: tuple[str, ...] | UnsetType = UNSET
    rule: str | UnsetType = UNSET
    params: Mapping[str, ProblemParam] | UnsetType = UNSET


def problem(
    sentence: str,
    field: str = "",
    *,
    value: str | None = None,
    suggestion: str | None = None,
    suggestions: tuple[str, ...] | UnsetType = UNSET,
    more: str = "",
    params: Mapping[str, ProblemParam] | None = None,
    **named: ProblemParam,
) -> Problem:
    """Return the problem that a sentence of `SENTENCES` tells: a code, or a code, a dot and a rule.

    `more` is English that suggestions say as well, such as "; did you mean 2025-07-01?". Parameters are
    `named`, or come as a mapping.
    """
    code, _, rule = sentence.partition(".")
    # A whole row or value has no field.
    place = field or ("this" if code == "invalid_type" else "the row")
    params = params or named
    shown = {name: _in_sentence(name, item) for name, item in params.items()}
    quoted = None if value is None else in_sentence(value)
    message = SENTENCES[sentence].format(field=place, value=quoted, **shown) + more
    return Problem(field, code, message, value, suggestion, suggestions, rule or UNSET, params or UNSET)


def _in_sentence(name: str, item: ProblemParam) -> object:
    """Return a parameter as it stands in English: a code of a phrase by the phrase."""
    if isinstance(item, str):
        return PHRASES[name][item] if name in PHRASES else in_sentence(item)
    return item if isinstance(item, int) else ", ".join(item)


def in_sentence(text: str) -> str:
    """Return a value as a sentence shows it: one that nobody would see in quotes."""
    return text if text.strip() else f'"{text}"'


def sendable(text: str) -> str:
    """Return the text with lone surrogates replaced, so that UTF-8 can carry it."""
    return _UNSENDABLE.sub("\ufffd", text)


def excerpt(value: object) -> str:
    """Return the part of a value that a problem may show: sendable, at most 80 code points."""
    text = value if isinstance(value, str) else _json_like(value)
    return sendable(text[:VALUE_LIMIT])


def _json_like(value: object) -> str:
    """Write scalars as JSON does; for containers the kind is enough, and cannot be large."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and isinf(value):
        return "a huge number"
    if isinstance(value, list | tuple):
        return "[…]"
    return "{…}" if isinstance(value, dict) else str(value)
