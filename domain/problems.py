"""What is wrong with one field: an error as a value, told with all the others of its row."""

from msgspec import Struct

VALUE_LIMIT = 80
"""Code points of an offending value that a problem repeats."""


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
