"""Reads URL parameters strictly: unknown, repeated and invalid ones are all reported at once."""

import re

from api.http.problems import invalid_query
from api.http.query_strings import pairs_of
from api.http.wrong_parameters import MOST_LOOKED_FOR, repeated_parameter, unknown_parameter, wrong_parameter
from domain.folding import folds_to_nothing
from domain.problems import Problem
from domain.text import check_characters, check_length, normal, required

_TEXT_LIMIT = 200
_WHOLE = re.compile(r"-?[0-9]+")


class UrlParameters:
    """Reads parameters one by one and collects their errors.

    A misspelt filter on a DELETE would delete everything, so no unknown name is let through.
    """

    def __init__(self, query_string: bytes, known: frozenset[str]) -> None:
        self.problems: list[Problem] = []
        self._values = self._read(query_string, known)

    def text(self, name: str) -> str | None:
        """Return a text in normal form C, None when absent or empty.

        One that folds to nothing is refused: it looks like a filter, and would match everything.
        """
        value = normal(self._values.get(name, ""))
        found: list[Problem] = []
        check_characters(name, value, found)
        check_length(name, value, _TEXT_LIMIT, found)
        # What is too long or has endless marks is not folded: that may take quadratic time.
        if value and not found and folds_to_nothing(value):
            found.append(required(name))
        self.problems += found
        return value or None

    def whole(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number in a range."""
        text = self._values.get(name)
        if text is None:
            return default
        if not _WHOLE.fullmatch(text):
            self.refuse(name, "invalid_type", f"{name} must be a whole number", text)
            return default
        if len(text) > 15 or text[0] == "-" or not low <= int(text) <= high:
            self.refuse(name, "out_of_range", f"{name} must be {low} to {high}", text)
            return default
        return int(text)

    def choice(self, name: str, options: tuple[str, ...], default: str) -> str:
        """Return one of some words."""
        text = self._values.get(name, default)
        if text not in options:
            # "" stands for a parameter that is left out.
            named = ", ".join(filter(None, options))
            self.refuse(name, "unknown_value", f"{name} must be one of {named}", text)
            return default
        return text

    def raw(self, name: str) -> str | None:
        """Return a value as it came."""
        return self._values.get(name)

    def cursor(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """Return the regex match of a cursor, None without one; an empty cursor is refused.

        A client that sends "" for the `next` of a last page would read the list for ever.
        """
        text = self._values.get("cursor")
        found = None if text is None else form.fullmatch(text)
        if text is not None and found is None:
            self.refuse_cursor(text)
        return found

    def refuse_cursor(self, text: str) -> None:
        """Add the error of a cursor that is not from this list."""
        rule = "cursor must be `next` of a page with the same filters and order"
        self.refuse("cursor", "invalid_cursor", rule, text)

    def refuse(self, name: str, code: str, rule: str, value: str) -> None:
        """Add the error of an invalid value."""
        self.problems.append(wrong_parameter(name, code, rule, value))

    def refuse_empty(self) -> None:
        """Add an error for each parameter without a value. Blank ones are refused where they are read."""
        empty = [name for name, value in self._values.items() if not value]
        self.problems.extend(required(name) for name in empty)

    def finish(self) -> None:
        """Raise HttpProblem with all errors, if there are any."""
        if self.problems:
            raise invalid_query(self.problems)

    def _read(self, query_string: bytes, known: frozenset[str]) -> dict[str, str]:
        values: dict[str, str] = {}
        for name, value in pairs_of(query_string):
            if name not in known:
                is_early = len(self.problems) < MOST_LOOKED_FOR
                self.problems.append(unknown_parameter(name, value, known, is_looked_for=is_early))
            elif name in values:
                self.problems.append(repeated_parameter(name, value))
            else:
                values[name] = value
        return values


POSITION = re.compile(r"(\d{1,15})\.([A-Za-z0-9_-]{1,64})", re.ASCII)
"""The cursor of a list that is newest first: milliseconds and an id."""


def newest_first(query_string: bytes, *, most: int) -> tuple[int, tuple[int, str] | None]:
    """Return the `limit` of a page, 50 by default, and the position after which it begins.

    Raises:
        HttpProblem: with everything that is wrong.
    """
    parameters = UrlParameters(query_string, frozenset({"limit", "cursor"}))
    limit, found = parameters.whole("limit", 50, low=1, high=most), parameters.cursor(POSITION)
    parameters.finish()
    return limit, (int(found[1]), found[2]) if found else None
