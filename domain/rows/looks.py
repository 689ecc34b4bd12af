"""What the cells of a column look like: dates, times, numbers, ids, or text."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from operator import itemgetter

from domain.dates.words import MONTHS, WEEKDAYS
from domain.dates.written import read_clock, read_written
from domain.text import folded

MOSTLY = 0.8
"""A column is of a kind when so much of its filled cells is."""

_TRUTH = frozenset(
    folded(
        "true false yes no sim nao si verdadeiro falso verdadero v f t s n y x 0 1 0.0 1.0 0,0 1,0 on off"
    ).split()
)
_FLAGS = frozenset(
    form
    for word in ("true", "false", "verdadeiro", "verdadero", "falso")
    for form in (word, word.capitalize(), word.upper())
)
"""As programs write true and false; `Sim` and `Yes` may be titles."""
_FIRST_THREE = frozenset(name[:3].lower() for name in (*MONTHS, *WEEKDAYS, *_FLAGS))
_WORDS_OF_TIME = _FIRST_THREE | frozenset({"fei", "hor", "hou", "min"})
"""How longer words of dates and times begin; `feira` stands in Portuguese weekdays."""
_SHORT_WORD = 4
"""Up to so many letters a word may be a zone or a joint: `AMT`, `às`, `UTC`."""
_WORD = re.compile(r"[^\W\d_]+")
_FIRST_THREE_OF: Callable[[str], str] = itemgetter(slice(3))
_HAS_DIGIT = re.compile(r"[0-9]")
_BEFORE_WHEN = frozenset("0123456789 \t\n\u00a0(\"'")
_NUMBER = re.compile(r"[^\w]*+[0-9][0-9.,' \u00a0\u202f]*+[^\w]*+")
_INTEGER = re.compile(r"[0-9][0-9.,' \u00a0\u202f]*(?: ?(?P<word>[a-z]+))?", re.IGNORECASE)
_UNITS = frozenset(
    [
        *("ano", "anos", "year", "years", "mes", "meses", "month", "months", "semana", "semanas", "week"),
        *("dia", "dias", "day", "days", "h", "hs", "hr", "hrs", "hora", "horas", "hour", "hours", "m", "s"),
        *("min", "mins", "minuto", "minutos", "minute", "minutes", "seg", "segundos", "sec", "seconds"),
        *("brl", "usd", "eur", "real", "reais", "euro", "euros", "dolar", "dolares", "dollars", "pesos"),
        *("km", "metro", "metros", "meters", "cm"),
    ]
)
"""Words behind a number that make it an age, a time, a price or a length, and no number of people."""
# No blank in it, and more than one digit: `Prova 1` and `U2` are titles.
_ID = re.compile(
    r"[A-Za-z]{0,8}[-_#./]?[0-9]{2,}(?:[-_./][0-9A-Za-z]+)*|[0-9a-fA-F-]{16,}|[A-Za-z0-9_-]{20,}"
)
_TOTAL = (
    r"(?:sub[ -]?|grand |gran )?(?:totals?|totais|totales)(?: (?:geral|gerais|general|generales|parcial))?"
)
_COUNTED = (
    r"(?:eventos?|events?|inscrit[oa]s|registros?|rows|linhas|vagas|participantes|pessoas|capacidade|capacity"
    r"|acumulado|count)"
)
# `Sum 41` is a band: a number behind a blank is that of a total alone.
_TOTALS = re.compile(
    rf"\W*+(?:{_TOTAL}(?:\W{{1,3}}[0-9][0-9.,]*+(?: \w{{1,20}})?\)?)?"
    r"|(?:somas?|somatorio|sumas?|sum|count)(?: totals?)?)"
    rf"(?P<of> (?:de|do|da|dos|das|del|of|por|a)(?: [\w/$()]{{1,20}}){{1,4}}| {_COUNTED})?\W*+"
)
# No `Soma`, `Total 90` or `Domingo Total`, which are titles as well.
_SURE_TOTALS = re.compile(
    rf"\W*+{_TOTAL}(?: (?:de|do|da|dos|das|del|of|por) (?:{_COUNTED}|dia|day|semana|week|mes|month))?\W*+"
)
# `3`, `R$ 1.200,00`, `12 eventos`.
_AMOUNT = re.compile(r"(?:[a-z]{0,3}\W{0,2} ?)?[0-9][0-9.,' ]*+(?:[a-z]{1,20}|%)?")
_TOTAL_WORDS = re.compile(r"tota|som|sum|count")
_LONGEST_LABEL = 100
_ROWS = re.compile(
    r"\(?(?:[0-9]{1,12} (?:rows?|linhas?|registros?|filas?|tuplas?)"
    r"(?: (?:in set|affected|selected|returned|afetadas?|selecionad[oa]s?|afectadas?|seleccionadas?))?"
    r"|empty set)\)?(?:,? ?\([0-9.,]++ ?[a-z]{1,8}\))?\.?"
)
_RULES = frozenset("-+=_:|\\\u2500\u2501\u2550")
_RULER = re.compile(r"[-+=_:| \u2500-\u257f]++")
_RULED = ("--", "==", "__", ":-", "-:", "\u2500\u2500", "\u2501\u2501", "\u2550\u2550")
_DIGITS = frozenset("0123456789")
_LONGEST_NAMES = 10_000
_JSON = re.compile(r"\s*+(?:\[\s*+)?\{\s*+(?:[\"'\u201c\u201d\u2018]|\w++\s*+:|\}|\Z)")
_BLANKS = " \t\r\n\u00a0"
_NOON = 12
_HALF_OF_DAY = re.compile(r"[ap]\.? ?m\.?")
_WITH_HALF = re.compile(r"[0-9] ?[ap]\.? ?m\b")
_WHOLE_HOUR = re.compile(r"[0-9]{1,2} ?h?")
_LINK = re.compile(r"(?:https?://|www\.|mailto:)\S+|[^\s@]++@(?=[^\s@]++\Z)[^\s@]+?\.[^\s@]++", re.IGNORECASE)


_NULLS = frozenset(
    ["NULL", "null", "Null", "\\N", "(null)", "(NULL)", "[NULL]", "[null]", "<null>", "<NULL>"]
)
NOTHING = frozenset(
    [
        *("NA", "N/A", "n/a", "N.A.", "n.a.", "n/d", "N/D", "NaN", "nan", "NAN"),
        *("None", "none", "NONE", "-", "--", "---", "\u2013", "\u2014", "?"),
        *("nil", "Nil", "NIL", "undefined", *_NULLS),
    ]
)
"""Whole cells by which programs and people say that there is nothing to say."""

_ALL = frozenset(
    ["todos", "todas", "todes", "all", "everyone", "everybody", "v\u00e1rios", "v\u00e1rias", "diversos"]
)
_ALL_AS_WRITTEN = frozenset(form for word in _ALL for form in (word, word.capitalize(), word.upper()))
_DIGIT_FIRST = re.compile(r"\n[ \t]*+[0-9]")
_MARKS = ",@/|\u2022{\uff1b\uff0c\u00b7+\t"
# Two e-mails, two commas or one before the last name; a mark between words; a list in braces; `12 pessoas`.
_SEVERAL = re.compile(
    r"[^@]*+@[^@]*+@|[^,]*+,[^,]*+,|[^,]*+,[^,]* (?:e|y|and|&) \w|\s*+\{.*\}\s*+\Z"
    r"|\s*+[0-9]++ [a-z\u00df-\u00ff]++\s*+\Z"
    r"|.*?[a-z\u00df-\u00ff] ?[/|\u2022] ?[A-Z\u00c0-\u00de][a-z\u00df-\u00ff]"
    # Marks of Chinese, a tab; signs with blanks around them; numbers in front; no blank behind.
    r"|.*?[^\W\d] ?(?:[\uff1b\uff0c]|\t) ?[^\W\d]|.*?[^\W\d] [\u00b7+] [^\W\d]"
    r"|\s*+1[.)] .*? 2[.)] |[^,]*+(?<=[^\W\d]),[a-z\u00df-\u00ff]",
    re.DOTALL,
)
_JOINTS = (" e ", " y ", " and ", " & ")
_LOUD_JOINTS = (" E ", " Y ", " AND ")
_NAME = r"[A-Z\u00c0-\u00d6\u00d8-\u00de][\w.'\u2019-]*+"
_FULL_NAME = rf"{_NAME}(?: (?:d[aeo]s?|del|la|van|von|di|du|{_NAME}))++"
# `Silva, Ana Maria` is one person turned round, `Souza e Filhos` a company: both sides have two words.
_TWO_FULL_NAMES = re.compile(rf"\s*+{_FULL_NAME}(?: ?, ?| (?:e|y|and|&) ){_FULL_NAME}\s*+")


_ENDS_WITH_OFFSET = re.compile(
    r":[0-9]{2}(?:\.[0-9]+)? ?(?:Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2})\Z", re.IGNORECASE
)


def is_nothing(text: str) -> bool:
    """Return whether a whole cell is a word for nothing, such as `NA`, `null` or `-`."""
    return text.strip() in NOTHING


def is_null(text: str) -> bool:
    r"""Return whether a whole cell is what databases write for no value: `NULL`, `\N`, `(null)`."""
    plain = text.strip()
    return plain in _NULLS or plain.lower() == "null"


def is_truth(text: str) -> bool:
    """Return whether a cell means yes or no."""
    return folded(text) in _TRUTH


def is_number(text: str) -> bool:
    """Return whether a cell is a number, or an amount of money."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_count(text: str) -> bool:
    """Return whether a cell is a number of people, perhaps followed by a word: not by `anos` or `min`."""
    found = _INTEGER.fullmatch(text.strip())
    return found is not None and (found["word"] or "").lower() not in _UNITS


def is_no_name(text: str) -> bool:
    """Return whether the cell of participants is unlike names with `;` between them.

    It is a number, a list in another notation, or has several lines.
    """
    plain = text.strip(_BLANKS)
    is_list = plain[:1] == "[" and plain[-1:] == "]"
    return is_list or "\n" in plain or (plain[:1] in _DIGITS and is_number(plain))


def may_be_several(cells: Collection[str]) -> bool:
    """Return whether `is_several` may hold for any of some cells; many are searched quickly at once."""
    text = "\n" + "\n".join(cells)
    has_mark = any(mark in text for mark in (*_MARKS, *_JOINTS, *_LOUD_JOINTS))
    return has_mark or not _ALL_AS_WRITTEN.isdisjoint(cells) or _DIGIT_FIRST.search(text) is not None


def is_several(text: str) -> bool:
    """Return whether a cell of participants without `;` names several, by the look of it: `Ana, Bia e Caio`.

    One comma is that of `Silva, João`, and `Maria e José` may be a duo; `Ana Silva, Rui Melo` are two.
    """
    if text in _ALL_AS_WRITTEN:
        return True
    if len(text) > _LONGEST_NAMES or is_no_name(text):
        return False
    return _SEVERAL.match(text) is not None or _are_two_full_names(text)


def _are_two_full_names(text: str) -> bool:
    if text.isupper():
        for joint in _LOUD_JOINTS:
            text = text.replace(joint, joint.lower())
    return _TWO_FULL_NAMES.fullmatch(text) is not None


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


def is_half_of_day(text: str) -> bool:
    """Return whether a cell is AM or PM alone."""
    return _HALF_OF_DAY.fullmatch(folded(text)) is not None


def is_whole_hour(text: str) -> bool:
    """Return whether a cell is an hour without its minutes: `19`, `7h`."""
    return _WHOLE_HOUR.fullmatch(folded(text)) is not None


def is_of_24_hours(text: str) -> bool:
    """Return whether AM or PM adds nothing to a time: to 0:30, one from 13:00 on, or one with a half."""
    clock = read_clock(text)
    return clock is not None and (not 0 < clock.hour <= _NOON or _WITH_HALF.search(folded(text)) is not None)


def beginnings_of(cells: Iterable[str]) -> set[str]:
    """Return the first three characters of some cells, by which many are searched quickly at once."""
    return {*map(_FIRST_THREE_OF, cells)}


def no_texts(cells: Collection[str], beginnings: Iterable[str]) -> set[str]:
    """Return those cells for which `is_no_text` holds. `beginnings` are those of the cells."""
    known = set(filter(_may_begin, beginnings))
    return {cell for cell in cells if cell[:3] in known and is_no_text(cell)} if known else set()


def is_no_text(text: str) -> bool:
    """Return whether a whole cell is a date, a time of day, or what programs write for true and false."""
    plain = text.strip()
    if plain in _FLAGS:
        return True
    # Marco Zero and 1º Festival begin like dates; to read each as one would take longer than its row.
    if not (
        _may_begin(plain[:3]) and _HAS_DIGIT.search(plain) and all(map(_is_of_time, _WORD.findall(plain)))
    ):
        return False
    return is_date(plain) or is_time(plain)


def _is_of_time(word: str) -> bool:
    """Return whether a word may stand in a date or a time, by its first letters."""
    return len(word) <= _SHORT_WORD or folded(word[:3]) in _WORDS_OF_TIME


def _may_begin(first_three: str) -> bool:
    """Return whether a cell may be a date, a time or a flag, by its first three characters."""
    return first_three[:1] in _BEFORE_WHEN or folded(first_three) in _FIRST_THREE


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


def without_totals(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """Return the rows but for rulers and lines of totals: a label, and numbers below the other columns."""
    return [row for row in rows if not (is_line_of_totals(row) or is_ruler(row))]


def is_ruler(row: Sequence[str]) -> bool:
    """Return whether a row only rules a table, as databases and Markdown do: `----+----`, `|:---|---:|`.

    Or ends one, as a dump of PostgreSQL does.
    """
    filled = [plain for cell in row if (plain := cell.strip())]
    if not filled or filled[0][0] not in _RULES:
        return False
    return filled == ["\\."] or (
        all(map(_RULER.fullmatch, filled)) and any(mark in cell for cell in filled for mark in _RULED)
    )


def is_count_of_rows(row: Sequence[str]) -> bool:
    """Return whether a row is what databases write below a table: `(2 rows)`, `1 row in set (0.00 sec)`."""
    filled = [plain for cell in row if (plain := cell.strip())]
    return (
        len(filled) == 1
        and len(filled[0]) < _LONGEST_LABEL
        and _ROWS.fullmatch(folded(filled[0])) is not None
    )


def is_line_of_totals(row: Sequence[str], *, surely: bool = False) -> bool:
    """Return whether a row has labels of totals, and else only numbers: `Total Eclipse` is a title.

    `surely`: labels that no event has as its title.
    """
    filled = [plain for cell in row if (plain := " ".join(cell.split())) and not is_nothing(plain)]
    words = [folded(cell) for cell in filled if not is_number(cell)]
    if not any(map(_TOTAL_WORDS.search, words)):
        return False
    labels = [word for word in words if not _AMOUNT.fullmatch(word)]
    has_number = len(labels) < len(filled)
    return bool(labels) and all(_is_label_of_totals(label, has_number, surely=surely) for label in labels)


def _is_label_of_totals(text: str, has_number: bool, *, surely: bool) -> bool:
    """Return whether a cell is a label of totals; `Total de vagas` is one beside a number."""
    label, _, amount = text[:_LONGEST_LABEL].replace("=", ":").partition(":")
    if amount.strip() and not _AMOUNT.fullmatch(amount.strip()):
        return False
    found = _TOTALS.fullmatch(label)
    if found is None or not (has_number or amount.strip() or not found["of"]):
        return False
    return not surely or _SURE_TOTALS.fullmatch(label) is not None


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


def stays_possible(field: str, cells: Sequence[str]) -> bool:
    """Return whether `may_be` holds whatever further cells a column has: one name among them is enough."""
    return field in _NAMED and not all(map(is_no_title, cells))


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
