"""The venue (`local_info` on the wire) and the rules of its members."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from domain import limits
from domain.problems import MAX_TOLD, VALUE_LIMIT, Problem, excerpt, problem
from domain.text import (
    check_characters,
    check_length,
    folded,
    invalid_type,
    is_invisible,
    normal,
    plain_line,
    required,
)

VENUE_TYPES = (
    "Auditório",
    "Salão",
    "Teatro",
    "Arena",
    "Estádio",
    "Ginásio",
    "Parque",
    "Praça",
    "Centro de Convenções",
    "Casa de Shows",
    "Museu",
    "Escola",
    "Universidade",
    "Igreja",
    "Hotel",
    "Restaurante",
    "Online",
    "Outro",
)
VenueType = Annotated[str, Meta(title="VenueType", extra_json_schema={"enum": [*VENUE_TYPES]})]
"""One of ``VENUE_TYPES``, as the descriptions of the API and the feeds tell it."""

_DIGITS = re.compile(
    r"(?<![0-9])(?P<whole>[0-9]{1,3}(?:(?P<mark>[., '\u2019\u00a0\u2009\u202f])[0-9]{3}"
    r"(?:(?P=mark)[0-9]{3})*)?|[0-9]+)(?:[.,]0+)?(?![0-9])"
)
_WORDS = re.compile(r"[a-z]+")
_TELLING = 4
"""So many letters of a type name it, if no other begins like that."""

_BY_FOLDED = {folded(name): name for name in VENUE_TYPES}
_LONGEST_LOOKED_UP = 200
_IN_OTHER_LANGUAGES = {
    "Auditório": ("auditorium",),
    "Salão": ("salon", "hall", "ballroom"),
    "Teatro": ("theater", "theatre"),
    "Estádio": ("stadium",),
    "Ginásio": ("gym", "gymnasium", "gimnasio"),
    "Parque": ("park",),
    "Praça": ("square", "plaza"),
    "Centro de Convenções": ("centro de eventos", "convention center", "convention centre"),
    "Casa de Shows": ("casa de show", "music venue"),
    "Museu": ("museum", "museo"),
    "Escola": ("school", "escuela", "colegio"),
    "Universidade": ("university", "universidad", "faculdade", "college"),
    "Igreja": ("church", "iglesia"),
    "Restaurante": ("restaurant",),
    "Online": ("on line", "virtual", "remoto"),
    "Outro": ("other", "outra", "outros", "otro"),
}
_BY_WORD = _BY_FOLDED | {word: name for name, words in _IN_OTHER_LANGUAGES.items() for word in words}


class Venue(Struct, frozen=True, gc=False):
    """A place, as stored and as sent. Members in wire order.

    Attributes:
        location_name: 2 to 200 code points, one line; the address likewise.
        capacity: people, 0 to 2**31-1.
        venue_type: one of ``VENUE_TYPES`` or None.
        address: 1 to 300 code points, or None.
    """

    location_name: str
    capacity: int = 1
    venue_type: VenueType | None = None
    is_accessible: bool = False
    address: str | None = None
    past_events: tuple[str, ...] = ()
    manually_edited: bool = False


VENUE_MEMBERS = Venue.__struct_fields__


def parse_venue(members: Mapping[str, object], problems: list[Problem]) -> Venue | None:
    """Return the venue in the members of `local_info`; its problems are added to the list.

    Unknown members are ignored. None when there was any problem.
    """
    before = len(problems)
    values: dict[str, object] = {"location_name": None}
    values.update((name, members[name]) for name in VENUE_MEMBERS if name in members)
    read = {name: _RULES[name](f"local_info.{name}", value, problems) for name, value in values.items()}
    if len(problems) > before:
        return None
    venue = Venue(**read)  # type: ignore[arg-type] # each rule returns its member's type
    if venue.past_events:
        _check_fits_a_cell(venue, problems)
    return venue if len(problems) == before else None


def _check_fits_a_cell(venue: Venue, problems: list[Problem]) -> None:
    """Refuse past events that make a venue too large for the cell of an export. The rest is short."""
    if len(msgspec.json.encode(venue)) > limits.CELL_BYTES:
        field = "local_info.past_events"
        problems.append(problem("too_long.past_events", field, limit=limits.CELL_BYTES // 1024))


def _location_name(field: str, value: object, problems: list[Problem]) -> str:
    text = _text(field, value, problems, plain_line) if value is not None else ""
    if text is None:
        return ""
    if is_invisible(text):
        problems.append(required(field, value))
    elif len(text) < limits.LOCATION_NAME_LEAST_CHARACTERS:
        least = limits.LOCATION_NAME_LEAST_CHARACTERS
        problems.append(problem("too_short", field, value=excerpt(text), limit=least))
    check_length(field, text, limits.LOCATION_NAME_CHARACTERS, problems)
    return text


def _capacity(field: str, value: object, problems: list[Problem]) -> int:
    if isinstance(value, str):
        # 1.000 may be one or a thousand, so the likelier is only suggested.
        problems.append(invalid_type(field, "digits", value, _number_in(value)))
    elif isinstance(value, bool) or not isinstance(value, int | float):
        problems.append(invalid_type(field, "integer", value))
    elif not 0 <= value <= limits.CAPACITY:
        problems.append(
            problem("out_of_range.capacity", field, value=excerpt(value), low=0, high=limits.CAPACITY)
        )
    elif value != int(value):
        problems.append(invalid_type(field, "integer", value))
    else:
        return int(value)
    return 0


_THOUSANDS = re.compile(r" ?(?:k|mil|thousand)\b", re.IGNORECASE)
_PRICE_OR_SHARE = re.compile(r"[%\u2030$\u20ac\u00a3]|\b(?:brl|usd|eur|reais|euros?|pesos)\b", re.IGNORECASE)


def _number_in(text: str) -> str | None:
    """Return the one number that a text names, in digits alone: of `1.200`, `300,0` or `300 lugares`."""
    text = text[:VALUE_LIMIT].strip()
    found = list(_DIGITS.finditer(text))
    if len(found) != 1 or text[: found[0].start()].rstrip().endswith(("-", "\u2212")):
        return None
    rest = text[: found[0].start()] + text[found[0].end() :]
    thousands = _THOUSANDS.match(text, found[0].end())
    if thousands:
        return f"{int(found[0]['whole'])}000" if found[0].group().isdigit() else None
    # A price and a share are no number of places.
    if any(character.isdigit() for character in rest) or _PRICE_OR_SHARE.search(rest):
        return None
    return re.sub(r"[^0-9]", "", found[0]["whole"]).lstrip("0") or "0"


def _venue_type(field: str, value: object, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        problems.append(invalid_type(field, "text_or_null", value))
        return None
    name = known_venue_type(value)
    if name is None:
        problems.append(unknown_venue_type(field, value))
    return name


def known_venue_type(text: str) -> str | None:
    """Return a venue type as it is stored, whatever its case and accents; None when there is no such."""
    # A longer one is none; to fold it could take seconds.
    return None if len(text) > _LONGEST_LOOKED_UP else _BY_FOLDED.get(folded(text))


def unknown_venue_type(field: str, value: str) -> Problem:
    """Return the problem of a text that is no type, with the one that may be meant, and all there are."""
    suggestion = _meant_venue_type(value)
    return problem(
        "unknown_venue_type", field, value=excerpt(value), suggestion=suggestion, known=VENUE_TYPES
    )


def _meant_venue_type(value: str) -> str | None:
    """Return the one type that a text names: by a word in it, by its beginning, or but for a letter.

    A wrong suggestion is worse than none: `Cine` is not `Online`, and a `Studio` is no `Estádio`.
    """
    # Cut: the comparison is quadratic in the length of what it is given.
    text = " ".join(_WORDS.findall(folded(value[:80])))
    named = {name for word, name in _BY_WORD.items() if f" {word} " in f" {text} "}
    if named:
        return named.pop() if len(named) == 1 else None
    begun = [
        name
        for word, name in _BY_FOLDED.items()
        if len(text) >= _TELLING and word.startswith(text) and " " not in word[len(text) :]
    ]
    near = get_close_matches(text, _BY_FOLDED, n=1, cutoff=0.87)
    return begun[0] if len(begun) == 1 else _BY_FOLDED[near[0]] if near else None


def _flag(field: str, value: object, problems: list[Problem]) -> bool:
    if not isinstance(value, bool):
        problems.append(invalid_type(field, "flag", value))
    return value is True


def _address(field: str, value: object, problems: list[Problem]) -> str | None:
    if value is None:
        return None
    text = _text(field, value, problems, plain_line)
    if text:
        check_length(field, text, limits.ADDRESS_CHARACTERS, problems)
    return text or None


def _past_events(field: str, value: object, problems: list[Problem]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        problems.append(invalid_type(field, "texts", value))
        return ()
    names: list[str] = []
    before = len(problems)
    for index, item in enumerate(value):
        name = _text(f"{field}[{index}]", item, problems)
        if name is not None:
            names.append(name)
        if len(problems) - before >= MAX_TOLD:
            break
    return tuple(names)


def _text(
    field: str, value: object, problems: list[Problem], tidy: Callable[[str], str] = str.strip
) -> str | None:
    """Return tidy text in normal form, or None and a problem."""
    if not isinstance(value, str):
        problems.append(invalid_type(field, "text", value))
        return None
    check_characters(field, value, problems)
    return tidy(normal(value))


_RULES: dict[str, Callable[[str, object, list[Problem]], object]] = {
    "location_name": _location_name,
    "capacity": _capacity,
    "venue_type": _venue_type,
    "is_accessible": _flag,
    "address": _address,
    "past_events": _past_events,
    "manually_edited": _flag,
}
