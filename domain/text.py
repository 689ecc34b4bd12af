"""Rules for any text from outside: characters, normal form, length."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import islice

from domain import limits
from domain.problems import MAX_TOLD, Problem, excerpt, problem

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Python's `surrogateescape`: a byte that the file's encoding does not know.
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
# Unicode's Default_Ignorable_Code_Point and White_Space, and the blank pattern of Braille.
_INVISIBLE = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*+"
)

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\ufeff"))

# What no field may hold, as the two searches of `is_ordinary` need it.
_FORBIDDEN_LATIN = bytes(c for c in (*range(32), *range(127, 160)) if c not in b"\t\r\n")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")

# No combining mark is ASCII, or of a word; most text has no such run, and is searched quickly.
_ODD_RUN = re.compile(r"[^\x00-\x7f\w][^\x00-\x7f\w]{30,}+")
_MARKS_IN_A_ROW = 30

# A letter of UTF-8 in two bytes, as Windows-1252 shows them; not the marks that may follow a capital letter.
_TWICE = re.compile(
    "[\u00c2\u00c3][\u20ac\u201a\u0192\u201e\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2022\u02dc"
    "\u2122\u0161\u203a\u0153\u017e\u0178\u00a0-\u00ba\u00bc-\u00bf]"
)
# Letters and signs that HTML writes by name or number. What begins with one character is searched quickly.
_ENTITY = re.compile(
    r"&(?:#[0-9]{2,5}|#[xX][0-9A-Fa-f]{2,5}|[A-Za-z](?:acute|grave|circ|uml|tilde|cedil|ring)|amp|quot|apos|lt|gt"
    r"|nbsp|[nm]dash|[lr][sd]quo|hellip|bull|middot|ord[fm]|deg|iexcl|iquest|szlig|eth|thorn|euro);"
)
_LONGEST_WORD = 40
_MARK_IN_A_WORD = re.compile(
    rf"\?(?<=[a-z\u00df-\u00ff]\?)\??[a-z\u00df-\u00ff][a-z\u00df-\u00ff?]{{0,{_LONGEST_WORD}}}+(?=[\s,;.!)\"']|\Z)"
)
_LETTERS_BEFORE = re.compile(r"(?:\A|(?<=[\s(\"';,]))[A-Za-z\u00c0-\u00ff]+\?\Z")


def normal(text: str) -> str:
    """Return the text in Unicode normal form C; one with `endless_marks` as it is."""
    return text if text.isascii() or endless_marks(text) else unicodedata.normalize("NFC", text)


def endless_marks(text: str) -> bool:
    """Return whether more than 30 combining marks follow each other: they take quadratic time to order.

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


def is_ordinary(text: str) -> bool:
    """Return whether a text has only characters that every field may hold, in normal form C."""
    try:
        latin = text.encode("latin-1")
    except UnicodeEncodeError:
        return not (_FORBIDDEN.search(text) or endless_marks(text)) and unicodedata.is_normalized("NFC", text)
    # All of Latin-1 is in normal form, and bytes are searched at the speed of memory.
    return len(latin.translate(None, _FORBIDDEN_LATIN)) == len(latin)


def looks_damaged(text: str) -> bool:
    """Return whether letters seem lost, or written in another way than this text.

    `S\ufffdo`, `S?o`; UTF-8 that was read as Windows-1252, `S\u00c3\u00a3o`; HTML, `S&atilde;o`.
    """
    if "\ufffd" in text or (("\u00c3" in text or "\u00c2" in text) and _TWICE.search(text) is not None):
        return True
    return ("&" in text and _ENTITY.search(text) is not None) or ("?" in text and _has_lost_letter(text))


def _has_lost_letter(text: str) -> bool:
    """Return whether a question mark stands in a word of letters: not in an address, nor between words."""
    marks = (found.start() for found in _MARK_IN_A_WORD.finditer(text))
    return any(_LETTERS_BEFORE.search(text, max(0, at - _LONGEST_WORD), at + 1) for at in marks)


def is_invisible(text: str) -> bool:
    """Return whether nothing of a text can be seen: it is empty, blank, zero width or filler."""
    return _INVISIBLE.fullmatch(text) is not None


def one_line(text: str) -> str:
    """Return the text trimmed, with line breaks and runs of blanks as one blank."""
    return " ".join(text.split())


def plain_line(text: str) -> str:
    """Return the text on one line, without marks that nobody sees and by which no search finds it.

    Zero width spaces, soft hyphens and byte order marks; joiners, which shape letters, stay.
    """
    if text.isprintable() and "  " not in text:
        return text.strip()
    return one_line(text.translate(_UNSEEN))


def folded(text: str) -> str:
    """Return the form in which names are compared: no case, no accents, no outer blanks."""
    plain = text.strip()
    if not plain.isascii() and not endless_marks(plain):
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return plain.casefold()


def is_too_large(text: str) -> bool:
    """Return whether a text takes more bytes of UTF-8 than a cell may have."""
    limit = limits.CELL_BYTES
    if len(text) * 4 <= limit:
        return False
    return len(text) > limit or len(text.encode("utf-8", "surrogatepass")) > limit


def check_characters(field: str, text: str, problems: list[Problem], *, one_way: bool = False) -> None:
    """Add a problem for each kind of character that no text may hold.

    With `one_way`, bidirectional overrides too, which make a line read as what it is not.
    """
    if (text.isascii() and text.isprintable()) or is_ordinary(text):
        return
    if _CONTROL.search(text) or (one_way and _BIDI.search(text)):
        problems.append(problem("control_character", field, value=excerpt(text)))
    if _SURROGATE.search(text):
        problems.append(_not_unicode(field, text))
    if endless_marks(text):
        problems.append(problem("invalid_unicode.marks", field, value=excerpt(text), limit=_MARKS_IN_A_ROW))


def _not_unicode(field: str, text: str) -> Problem:
    """Return the problem of a surrogate: a byte unknown to the file's encoding, or half of a UTF-16 pair."""
    sentence = "encoding_error" if _STRAY_BYTE.search(text) else "invalid_unicode.surrogate"
    return problem(sentence, field, value=excerpt(text))


def check_length(field: str, text: str, limit: int, problems: list[Problem]) -> None:
    """Add `too_long` when the text has more than `limit` code points."""
    if len(text) > limit:
        problems.append(problem("too_long", field, value=excerpt(text), length=len(text), limit=limit))


def required(field: str, value: object = None) -> Problem:
    """Return the problem of a field that must not be empty."""
    return problem("required", field, value=None if value is None else excerpt(value))


def invalid_type(field: str, expected: str, value: object, suggestion: str | None = None) -> Problem:
    """Return the problem of a value of another type than expected: a rule of `invalid_type`."""
    return problem(f"invalid_type.{expected}", field, value=excerpt(value), suggestion=suggestion)


def not_texts(field: str, items: Iterable[object]) -> list[Problem]:
    """Return the problems of the items of a list that are no text, up to `MAX_TOLD`."""
    wrong = ((at, item) for at, item in enumerate(items) if not isinstance(item, str))
    return [invalid_type(f"{field}[{at}]", "text", item) for at, item in islice(wrong, MAX_TOLD)]


def check_size(field: str, text: str, problems: list[Problem]) -> None:
    """Add `too_long` when the text takes more than 64 KiB; the message does not echo it."""
    if is_too_large(text):
        problems.append(problem("too_long.cell", field, limit=limits.CELL_BYTES // 1024))
