"""Rules for any text that comes from outside: which characters, which normal form, how long."""

import re
import unicodedata

from domain.problems import Problem, excerpt

CELL_BYTES = 64 * 1024
"""Bound of any one text, in UTF-8 bytes."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Python's `surrogateescape`: a byte that the file's encoding does not know.
_STRAY_BYTE = re.compile("[\udc80-\udcff]")


# No combining mark is ASCII, or of a word; most text has no such run, and is searched quickly.
_ODD_RUN = re.compile(r"[^\x00-\x7f\w][^\x00-\x7f\w]{30,}+")
_MARKS_IN_A_ROW = 30


def normal(text: str) -> str:
    """Return the text in Unicode normal form C; one with `endless_marks` as it is."""
    return text if text.isascii() or endless_marks(text) else unicodedata.normalize("NFC", text)


def endless_marks(text: str) -> bool:
    """Tell whether more than 30 combining marks follow each other: they take quadratic time to order.

    Source: UAX #15 §13, Stream-Safe Text Format.
    """
    return any(_has_endless_marks(found[0]) for found in _ODD_RUN.finditer(text))


def _has_endless_marks(run: str) -> bool:
    marks = 0
    for character in run:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MARKS_IN_A_ROW:
            return True
    return False


def one_line(text: str) -> str:
    """Return the text trimmed, with line breaks and runs of blanks as one blank."""
    return " ".join(text.split())


def folded(text: str) -> str:
    """Return the form in which names are compared: no case, no accents, no outer blanks."""
    plain = text.strip()
    if not plain.isascii() and not endless_marks(plain):
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return plain.casefold()


def is_too_large(text: str, limit: int = CELL_BYTES) -> bool:
    """Tell whether a text takes more than `limit` bytes of UTF-8."""
    if len(text) * 4 <= limit:
        return False
    return len(text) > limit or len(text.encode("utf-8", "surrogatepass")) > limit


def check_characters(field: str, text: str, problems: list[Problem], *, one_way: bool = False) -> None:
    """Add a problem for each kind of character that no text may hold.

    With `one_way`, bidirectional overrides too, which make a line read as what it is not.
    """
    if text.isascii() and text.isprintable():
        return
    if _CONTROL.search(text) or (one_way and _BIDI.search(text)):
        message = f"{field or 'the row'} holds control characters, which are invisible; remove them"
        problems.append(Problem(field, "control_character", message, excerpt(text)))
    if _SURROGATE.search(text):
        problems.append(_not_unicode(field, text))
    if endless_marks(text):
        message = f"{field or 'the row'} has more than {_MARKS_IN_A_ROW} combining marks on one letter"
        problems.append(Problem(field, "invalid_unicode", message, excerpt(text)))


def _not_unicode(field: str, text: str) -> Problem:
    """Tell bytes that do not fit the file's encoding from halves of UTF-16 pairs."""
    name = field or "the row"
    if _STRAY_BYTE.search(text):
        message = f"{name} holds bytes that are not text in the file's encoding; save the file as UTF-8"
        return Problem(field, "encoding_error", message, excerpt(text))
    message = f"{name} holds half of a UTF-16 pair, which is no character"
    return Problem(field, "invalid_unicode", message, excerpt(text))


def check_length(field: str, text: str, limit: int, problems: list[Problem]) -> None:
    """Add `too_long` when the text has more than `limit` code points."""
    if len(text) > limit:
        message = f"{field} has {len(text)} characters; at most {limit} are allowed"
        problems.append(Problem(field, "too_long", message, excerpt(text)))


def required(field: str, value: object = None) -> Problem:
    """Return the problem of a field that must not be empty."""
    return Problem(field, "required", f"{field} is required", None if value is None else excerpt(value))


def invalid_type(field: str, expected: str, value: object, suggestion: str | None = None) -> Problem:
    """Return the problem of a value of another type than expected."""
    shown = excerpt(value)
    message = f"{field or 'this'} must be {expected}, not {shown}"
    return Problem(field, "invalid_type", message, shown, suggestion)


def check_size(field: str, text: str, problems: list[Problem]) -> None:
    """Add `too_long` when the text takes more than 64 KiB; the message does not echo it."""
    if is_too_large(text):
        message = f"{field} is larger than {CELL_BYTES // 1024} KiB"
        problems.append(Problem(field, "too_long", message))
