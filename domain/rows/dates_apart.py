"""Dates that a table has elsewhere than in a column of whole dates: in headings, in parts, without a year.

One date for all rows is then no help: each row has another.
"""

import re
from collections.abc import Collection, Sequence

from domain.dates.wording import invalid
from domain.dates.words import MONTHS, WEEKDAYS, plain
from domain.dates.written import LONGEST
from domain.problems import ProblemParam, excerpt
from domain.rows.looks import column_of, is_date, mostly
from domain.rows.names import column_key, meaning, without_event

Found = tuple[str, dict[str, ProblemParam]]
"""A rule of `missing_columns`, and the parameters of its sentence."""

_PARTS = {
    "day": frozenset({"dia", "day", "dd", "dia_do_mes"}),
    "month": frozenset({"mes", "month", "mm"}),
    "year": frozenset({"ano", "year", "anio", "aaaa", "yyyy"}),
}
_DAY = re.compile(r"\s*(?:0?[1-9]|[12][0-9]|3[01])(?:\.0)?\s*")
_MONTH = re.compile(r"(?:0?[1-9]|1[0-2])(?:\.0)?")
_YEAR = re.compile(r"\s*(?:(?:19|2[01])?[0-9]{2})(?:\.0)?\s*")
_MONTH_NAMES = "|".join(MONTHS)
_WEEKDAY = rf"(?:{'|'.join(WEEKDAYS)})"
_WITH_DATE = re.compile(
    r"(?<![0-9])(?:[0-9]{1,2}([/.-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})|[0-9]{4}([/.-])[0-9]{1,2}\2[0-9]{1,2})"
    rf"(?![/.-]?[0-9])|(?<![0-9])[0-9]{{1,2}}o?(?: de | del |[ /.-])(?:{_MONTH_NAMES})\b"
    rf"|\b(?:{_MONTH_NAMES})\.? [0-9]{{1,2}}(?![0-9:h])"
)
_WITH_FRACTION = re.compile(r"(?<![0-9/.-])[0-3]?[0-9][/.-][0-3]?[0-9](?![0-9/.-])")
_WORD_OF_DAYS = re.compile(rf"\b(?:dias?|days?|{_WEEKDAY})\b")
_WEEKDAY_ALONE = re.compile(rf"{_WEEKDAY}(?:[- ]feira)?\W*(?:[0-9]{{1,2}})?\W*")
_SHOWN_HEADINGS = 3
_LOOKED_AT = 10
"""Columns that are named as dates: a table has one or two."""


def dates_apart(
    names: Sequence[str], sample: Sequence[Sequence[str]], used: Collection[int] = ()
) -> Found | None:
    """Return where the dates of a table stand that has no column of them; None where none are seen.

    `used` are columns that the uploader mapped to other fields.
    """
    if headings := _headings(sample):
        shown = [excerpt(text) for text in headings[:_SHOWN_HEADINGS]]
        return "headings", {"dates": "; ".join([*shown, "…"] if len(headings) > len(shown) else shown)}
    if (parts := _parts(names, sample, used)) is not None:
        return "parts", {"columns": tuple(excerpt(names[at]) for at in parts)}
    known = ((at, meaning(name)) for at, name in enumerate(names) if at not in used)
    dated = [at for at, found in known if found and found.field == "event_date"]
    for at in dated[:_LOOKED_AT]:
        cells = column_of(sample, at)
        if mostly(is_day_alone, cells):
            return "no_month", {"column": excerpt(names[at]), "example": excerpt(cells[0].strip())}
        lacking = next(filter(_lacks_year, cells), None)
        if lacking is not None and mostly(lambda cell: is_date(cell) or _lacks_year(cell), cells):
            return "no_year", {"column": excerpt(names[at]), "example": excerpt(lacking.strip())}
    return None


def holds_date(text: str) -> bool:
    """Return whether a heading names a day, among other words perhaps.

    `Sábado, 05/12/2026`, `1º dia - 5 de dezembro`, `Sunday`; a fraction counts beside a word for days.
    """
    known = plain(text[: LONGEST + 1]) or ""
    if not known or len(known) > LONGEST:
        return False
    if _WITH_DATE.search(known) or _WEEKDAY_ALONE.fullmatch(known):
        return True
    return _lacks_year(text)


def is_day_alone(text: str) -> bool:
    """Return whether a cell is the day of a month, and nothing else."""
    return _DAY.fullmatch(text) is not None


def _lacks_year(text: str) -> bool:
    """Return whether a cell or a heading is a date but for its year: `13/12`, `sábado, 13/12`."""
    known = plain(text[: LONGEST + 1]) or ""
    if not known or len(known) > LONGEST:
        return False
    if _WITH_FRACTION.search(known) and _WORD_OF_DAYS.search(known):
        return True
    return invalid("event_date", text).rule == "no_year"


def _headings(sample: Sequence[Sequence[str]]) -> list[str]:
    """Return the dates of rows that have nothing else, in one cell or in one that is merged over several.

    Not where the other rows have dates in that column: then these rows are events without the rest. Nor where
    no row has two cells: then each is a whole line, which another delimiter would have cut.
    """
    found: list[str] = []
    places: set[int] = set()
    others: list[Sequence[str]] = []
    for row in sample:
        filled = [at for at, cell in enumerate(row) if cell.strip()]
        text = row[filled[0]].strip() if filled else ""
        if filled and all(row[at].strip() == text for at in filled) and holds_date(text):
            found.append(text)
            places.add(filled[0])
        else:
            others.append(row)
    if not any(map(_has_several, others)) or any(mostly(is_date, column_of(others, at)) for at in places):
        return []
    return found


def _has_several(row: Sequence[str]) -> bool:
    return sum(1 for cell in row if cell.strip()) > 1


def _parts(names: Sequence[str], sample: Sequence[Sequence[str]], used: Collection[int]) -> list[int] | None:
    """Return the columns of days, months and years, in their order: days, and one of the others at least."""
    looks = {"day": _is_day, "month": _is_month, "year": lambda cell: _YEAR.fullmatch(cell) is not None}
    found: dict[str, int] = {}
    for at, name in enumerate(names):
        key = without_event(column_key(name))
        for part, keys in _PARTS.items():
            is_named = key in keys and part not in found and at not in used
            if is_named and mostly(looks[part], column_of(sample, at)):
                found[part] = at
    return sorted(found.values()) if "day" in found and len(found) > 1 else None


def _is_day(cell: str) -> bool:
    return is_day_alone(cell) or _lacks_year(cell)


def _is_month(cell: str) -> bool:
    known = (plain(cell[:LONGEST]) or "").rstrip(".")
    return known in MONTHS or _MONTH.fullmatch(known) is not None
