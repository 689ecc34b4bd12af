"""What is wrong with one field: an error as a value, told with all the others of its row."""

import re
from math import isinf

from msgspec import Struct

VALUE_LIMIT = 80
"""Code points of an offending value that a problem repeats."""

MAX_TOLD = 1000
"""Problems of one kind that are listed: a body of megabytes can have millions."""

_UNSENDABLE = re.compile("[\ud800-\udfff]")


class Problem(Struct, frozen=True, gc=False):
    """One broken rule.

    Attributes:
        field: wire name of the field, such as ``local_info.capacity``; "" for a whole row or file.
        code: stable, documented in docs/csv.md; clients translate it.
        message: English sentence that names the value and the rule.
        value: the offending text, cut at 80 code points; None where there is none.
        suggestion: a value that would be accepted, or None.
    """

    field: str
    code: str
    message: str
    value: str | None = None
    suggestion: str | None = None


def sendable(text: str) -> str:
    """Return the text with lone surrogates replaced, so that UTF-8 can carry it."""
    return _UNSENDABLE.sub("\ufffd", text)


def excerpt(value: object) -> str:
    """Return what a problem may repeat of a value: sendable, at most 80 code points."""
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
