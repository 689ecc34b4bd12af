"""What the cells of a column look like: dates, times, numbers, ids, or text."""

import re
from collections.abc import Callable, Iterable, Sequence

from domain.dates.written import read_clock, read_written
from domain.text import folded

MOSTLY = 0.8
"""A column is of a kind when so much of its filled cells is."""

_TRUTH = frozenset(
    folded(
        "true false yes no sim nao si verdadeiro falso verdadero v f t s n y x 0 1 0.0 1.0 0,0 1,0 on off"
    ).split()
)
_NUMBER = re.compile(r"[^\w]*[0-9][0-9.,' \u00a0\u202f]*[^\w]*")
_INTEGER = re.compile(r"[0-9][0-9.,' \u00a0\u202f]*(?: ?[a-z]+)?", re.IGNORECASE)
# No blank in it, and more than one digit: `Prova 1` and `U2` are titles.
_ID = re.compile(
    r"[A-Za-z]{0,8}[-_#./]?[0-9]{2,}(?:[-_./][0-9A-Za-z]+)*|[0-9a-fA-F-]{16,}|[A-Za-z0-9_-]{20,}"
)
_TOTALS = re.compile(r"\W*(?:sub|grand |gran )?(?:totals?|totais|totales|suma?|soma|somatorio|sum|count)\b")
_DIGITS = frozenset("0123456789")
_LONGEST_NAMES = 10_000
_JSON = re.compile(r"\s*+(?:\[\s*+)?\{\s*+(?:[\"'\u201c\u201d\u2018]|\w++\s*+:|\}|\Z)")
_BLANKS = " \t\r\n\u00a0"
_LINK = re.compile(r"(?:https?://|www\.|mailto:)\S+|[^\s@]+@[^\s@]+\.[^\s@]+", re.IGNORECASE)


NOTHING = frozenset(
    [
        *("NA", "N/A", "n/a", "N.A.", "n.a.", "n/d", "N/D", "NaN", "nan", "NAN", "NULL", "null", "Null"),
        *("None", "none", "NONE", "-", "--", "---", "\u2013", "\u2014", "?"),
    ]
)
"""Whole cells by which programs and people say that there is nothing to say."""

_ALL = frozenset(
    ["todos", "todas", "todes", "all", "everyone", "everybody", "v\u00e1rios", "v\u00e1rias", "diversos"]
)
_ALL_AS_WRITTEN = frozenset(form for word in _ALL for form in (word, word.capitalize(), word.upper()))
_DIGIT_FIRST = re.compile(r"\n[ \t]*+[0-9]")
# Two e-mails, two commas or one before the last name; a mark between words; a list in braces; `12 pessoas`.
_SEVERAL = re.compile(
    r"[^@]*+@[^@]*+@|[^,]*+,[^,]*+,|[^,]*+,[^,]* (?:e|y|and|&) \w|\s*+\{.*\}\s*+\Z"
    r"|\s*+[0-9]++ [a-z\u00df-\u00ff]++\s*+\Z"
    r"|.*?[a-z\u00df-\u00ff] ?[/|\u2022] ?[A-Z\u00c0-\u00de][a-z\u00df-\u00ff]",
    re.DOTALL,
)


_ENDS_WITH_OFFSET = re.compile(
    r":[0-9]{2}(?:\.[0-9]+)? ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})\Z", re.IGNORECASE
)


def is_nothing(text: str) -> bool:
    """Return whether a whole cell is a word for nothing, such as `NA`, `null` or `-`."""
    return text.strip() in NOTHING


def is_truth(text: str) -> bool:
    """Return whether a cell means yes or no."""
    return folded(text) in _TRUTH


def is_number(text: str) -> bool:
    """Return whether a cell is a number, or an amount of money."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_count(text: str) -> bool:
    """Return whether a cell is a number of people, perhaps followed by a word."""
    return _INTEGER.fullmatch(text.strip()) is not None


def is_no_name(text: str) -> bool:
    """Return whether the cell of participants is unlike names with `;` between them.

    It is a number, a list in another notation, or has several lines.
    """
    plain = text.strip(_BLANKS)
    is_list = plain[:1] == "[" and plain[-1:] == "]"
    return is_list or "\n" in plain or (plain[:1] in _DIGITS and is_number(plain))


def may_be_several(cells: Sequence[str]) -> bool:
    """Return whether `is_several` may hold for any of some cells; many are searched quickly at once."""
    text = "\n" + "\n".join(cells)
    has_mark = any(mark in text for mark in ",@/|\u2022{")
    return has_mark or not _ALL_AS_WRITTEN.isdisjoint(cells) or _DIGIT_FIRST.search(text) is not None


def is_several(text: str) -> bool:
    """Return whether a cell of participants without `;` names several, by the look of it: `Ana, Bia e Caio`.

    One comma is that of `Silva, João`, and `Maria e José` may be a duo.
    """
    if text in _ALL_AS_WRITTEN:
        return True
    return len(text) <= _LONGEST_NAMES and not is_no_name(text) and _SEVERAL.match(text) is not None


def tries_json(text: str) -> bool:
    """Return whether a cell is meant as JSON: an object, or a list of them; `[Online] Meet` is a name."""
    return _JSON.match(text) is not None


def is_date(text: str) -> bool:
    """Return whether a cell reads as a date, by any order."""
    return read_written(text) is not None


def is_time(text: str) -> bool:
    """Return whether a cell reads as a time of day."""
    return read_clock(text) is not None


def is_moment(text: str) -> bool:
    """Return whether a cell reads as a time of day, or as a date with one."""
    if is_time(text):
        return True
    written = read_written(text)
    return written is not None and written.clock is not None


def is_no_title(text: str) -> bool:
    """Return whether a cell cannot be a title: yes or no, a number, an id, a date, a time or a link."""
    plain = text.strip()
    return (
        is_truth(plain)
        or is_number(plain)
        or _ID.fullmatch(plain) is not None
        or _LINK.fullmatch(plain) is not None
        or is_date(plain)
        or is_time(plain)
    )


def names_totals(text: str) -> bool:
    """Return whether a cell begins as the label of a line of totals does."""
    return _TOTALS.match(folded(text)) is not None


def without_totals(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the rows but for lines of totals: a label, and numbers below the other columns."""
    return [row for row in rows if not _is_line_of_totals(row)]


def _is_line_of_totals(row: Sequence[str]) -> bool:
    words = [cell for cell in row if cell.strip() and not is_number(cell)]
    return len(words) == 1 and names_totals(words[0])


def column_of(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    """Return the filled cells of a column."""
    cells = (row[column] for row in rows if column < len(row))
    return [cell for cell in cells if cell.strip()]


def mostly(looks: Callable[[str], bool], cells: Iterable[str]) -> bool:
    """Return whether at least four in five cells pass a check; False for no cells."""
    found = [looks(cell) for cell in cells]
    return bool(found) and sum(found) >= MOSTLY * len(found)


def may_be(field: str, cells: Sequence[str]) -> bool:
    """Return whether the filled cells of a column can be those of a field; True where there are none."""
    if not cells:
        return True
    if field in _NAMED:
        return not all(map(is_no_title, cells))
    looks = _LOOKS.get(field)
    return looks is None or mostly(looks, cells)


_NAMED = frozenset({"title", "city", "participants", "local_info.location_name", "local_info.address"})
_LOOKS: dict[str, Callable[[str], bool]] = {
    "event_date": is_date,
    "event_time": lambda cell: is_time(cell) or is_date(cell),
    "local_info": tries_json,
    "local_info.capacity": is_count,
    "local_info.is_accessible": is_truth,
}


def ends_with_offset(text: str) -> bool:
    """Return whether a date or a time says its offset: `19:00-03:00`, `T19:00:00Z`, `7:00 PM UTC`."""
    return _ENDS_WITH_OFFSET.search(text.strip()) is not None
