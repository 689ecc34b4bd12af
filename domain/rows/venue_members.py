"""Members of the venue by the rules of cells, whether they stand in columns of their own or in JSON."""

import json
import re
from collections.abc import Callable, Mapping

from domain.json_text import decode_json
from domain.problems import VALUE_LIMIT, Problem, sendable
from domain.rows.cells import Replacements, full_field
from domain.rows.columns import FLAT
from domain.text import folded

# Not three zeros: where a point groups digits, 1.000 is a thousand.
_INTEGER = re.compile(r"([+-]?[0-9]+)(?:\.00?)?", re.ASCII)
# Programs that know no whole column of truth values write 1.0, or 1,0; as a flag it has one reading.
_WHOLE_FLAG = re.compile(r"(?<=\A[01])[.,]00?\Z")
_TRUE = frozenset({"true", "sim", "s", "si", "yes", "y", "1", "verdadeiro", "verdadero"})
_FALSE = frozenset({"false", "nao", "n", "no", "0", "falso"})


def _integer(text: str) -> object:
    plain = text.strip()
    found = _INTEGER.fullmatch(plain)
    # Cut, because Python refuses to read endless ones: out of range it is all the same.
    return int(found[1][: VALUE_LIMIT + 1]) if found else plain


def _flag(text: str) -> object:
    word = _WHOLE_FLAG.sub("", folded(text))
    return word in _TRUE if word in _TRUE or word in _FALSE else text.strip()


def _texts(text: str) -> object:
    """Read texts as JSON, or with `;` between them."""
    if text.lstrip().startswith("["):
        read = decode_json(text.strip())
        return text.strip() if isinstance(read, Problem) else read
    return [part.strip() for part in text.split(";") if part.strip()]


TYPED: dict[str, Callable[[str], object]] = {
    "capacity": _integer,
    "is_accessible": _flag,
    "past_events": _texts,
    "manually_edited": _flag,
}
"""How the text of a flat column is read; text that is no such value is left as it is."""


class VenueMembers:
    """Applies the options `values` and `defaults` to the members of a venue that is written as JSON.

    They speak of a field, wherever its value stands.

    Attributes:
        are_replaced: `values` are given for some member.
    """

    def __init__(self, replacements: Replacements, defaults: Mapping[str, str]) -> None:
        """Prepare for a file; `defaults` are by field."""
        self._replacements = replacements
        self._replaced = [name for name in FLAT if replacements.concern(full_field(name))]
        self.are_replaced = bool(self._replaced)
        # A member that is absent is as one that is empty.
        self._fills = any(replacements.replace(full_field(name), "") for name in self._replaced)
        self._defaults = {name: defaults[full_field(name)] for name in FLAT if full_field(name) in defaults}

    def may_change(self, venue: object) -> bool:
        """Return whether a value is replaced in a venue that has each member as its attribute."""
        return self._fills or any(
            self._replacements.replace(full_field(name), cell_of(getattr(venue, name)))
            for name in self._replaced
        )

    def given_to(self, venue: dict[str, object]) -> dict[str, object]:
        """Return a venue with values replaced, and with defaults where it has nothing."""
        if not self._replaced and not self._defaults:
            return venue
        given = dict(venue)
        for name in self._replaced:
            text = cell_of(given.get(name))
            if self._replacements.replace(full_field(name), text):
                _set(given, name, self._replacements.applied(full_field(name), text))
        for name, text in self._defaults.items():
            if not cell_of(given.get(name)).strip():
                _set(given, name, text)
        return given


def cell_of(value: object) -> str:
    """Return a value of JSON as the text of a cell; "" for null."""
    if value is None or isinstance(value, str):
        return value or ""
    return _json(value)


def with_member(venue: str, name: str, text: str) -> str | None:
    """Return the JSON of a venue with a member as the text of a cell gives it; None where it is none."""
    read = decode_json(venue.strip())
    if not isinstance(read, dict):
        return None
    _set(read, name, text)
    return _json(read)


def _set(venue: dict[str, object], name: str, text: str) -> None:
    """Give a member what the text of a cell stands for; an empty cell takes it away."""
    if text.strip():
        venue[name] = TYPED.get(name, str)(text)
    else:
        venue.pop(name, None)


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    # Half of a surrogate pair, which the rules of the fields refuse, stands there only as its escape.
    return text if sendable(text) == text else json.dumps(value)
