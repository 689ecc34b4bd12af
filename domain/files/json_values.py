"""Parses single values of a JSON text, and says whether more of the text may mend a fault.

Source: RFC 8259. The reader of the standard library finds the end of each value.
"""

import json
import re
from collections import Counter
from math import isinf
from typing import Any

from domain.files.extended_json import plain_value
from domain.json_text import json_integer
from domain.problems import Problem, excerpt, problem

_SPACE = re.compile("[ \t\r\n]*")
_SPACE_AND_COMMAS = re.compile("[ \t\r\n,]*")

_CUT_WITHIN = 12
"""So near to the end of the text, a fault may be that of a word that is cut."""


class MalformedError(Exception):
    """The text at `position` is not JSON.

    Attributes:
        may_be_cut: more of the text may mend that.
        is_cut: the text ends there, or in a string.
    """

    def __init__(self, text: str, position: int, why: Exception) -> None:
        super().__init__(str(why))
        self.position = position
        self.why = why
        is_open = isinstance(why, json.JSONDecodeError) and why.msg.startswith("Unterminated string")
        is_deep = isinstance(why, RecursionError)
        self.may_be_cut = is_open or (not is_deep and position >= len(text) - _CUT_WITHIN)
        self.is_cut = is_open or (not is_deep and not text[position:].strip())


class ValueParser:
    """Parses values.

    Attributes:
        refused: what no record may have, of the values that were parsed: a name twice, `NaN`.
    """

    def __init__(self) -> None:
        self.refused: list[Problem] = []
        decoder = json.JSONDecoder(
            object_pairs_hook=self._members,
            parse_int=json_integer,
            parse_float=_float,
            parse_constant=self._constant,
        )
        self._scan = decoder.raw_decode

    def parse(self, text: str, at: int) -> tuple[Any, int]:
        """Return the value that begins at an index, and the index after it. Raises `MalformedError`."""
        try:
            value, end = self._scan(text, at)
        except json.JSONDecodeError as error:
            raise MalformedError(text, error.pos, error) from None
        except RecursionError as error:
            raise MalformedError(text, at, error) from None
        return value, end

    def _members(self, pairs: list[tuple[str, Any]]) -> Any:
        if len(pairs) == 1 and pairs[0][0].startswith("$"):
            return plain_value(*pairs[0])
        members = dict(pairs)
        if len(members) < len(pairs):
            again = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            self.refused.append(problem("duplicate_key", value=excerpt(again)))
        return members

    def _constant(self, word: str) -> float:
        found = problem("invalid_json.constant", value=word)
        if found not in self.refused:
            self.refused.append(found)
        # Not null, by which a required field would seem to be empty.
        return float(word)


def after_space(text: str, at: int) -> int:
    """Return the index of the first character from an index on that is no space."""
    return _SPACE.match(text, at).end()  # type: ignore[union-attr] # matches anything


def after_commas(text: str, at: int) -> int:
    """Return the index of the first character from an index on that is neither space nor comma."""
    return _SPACE_AND_COMMAS.match(text, at).end()  # type: ignore[union-attr] # matches anything


def _float(text: str) -> float | str:
    """Return a number; as it is written, where it is larger than any that is kept."""
    value = float(text)
    return text if isinf(value) else value
