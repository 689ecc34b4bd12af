"""Guards formulas in exported cells, and texts like `#N/A`, and removes the guard on import.

Source: OWASP, CSV injection. The guard is an apostrophe, by which spreadsheets mean "this is text".
The full-width forms are run by spreadsheets in East Asian languages.
"""

import re

from domain.rows.cells import is_error, may_hold_errors

_FIRST = r"[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]"
_RUNS_OR_LOOKS_GUARDED = re.compile("'*" + _FIRST)
_GUARDED = re.compile("'+" + _FIRST)
# Its last apostrophe: a search for all of them takes quadratic time where many follow each other.
_END_OF_GUARD = re.compile("'" + _FIRST)


def guarded(text: str) -> str:
    """Return the cell that `unguarded` reads as this text, and that no spreadsheet runs."""
    return f"'{text}" if _RUNS_OR_LOOKS_GUARDED.match(text) else text


def looks_guarded(text: str) -> bool:
    """Return whether `unguarded` would take an apostrophe off this text."""
    return _GUARDED.match(text) is not None


def unguarded(cell: str) -> str:
    """Return the text that a cell stands for."""
    return cell[1:] if _GUARDED.match(cell) else cell


def may_be_guarded(text: str) -> bool:
    """Return whether some cell of this text may be guarded; quick where none is."""
    return "'" in text and (_END_OF_GUARD.search(text) is not None or may_hold_errors(text))


def exported(text: str) -> str:
    """Return the cell that an import reads as this text: neither a formula, nor an error of a spreadsheet."""
    return f"'{text}" if _RUNS_OR_LOOKS_GUARDED.match(text) or _is_like_an_error(text) else text


def error_as_text(text: str) -> str:
    """Return a text as it is, but one like an error of a spreadsheet as `exported` does."""
    return f"'{text}" if _is_like_an_error(text) else text


def imported(cell: str) -> str:
    """Return the text that a cell of a table stands for."""
    is_guarded = _GUARDED.match(cell) or (cell[:1] == "'" and _is_like_an_error(cell))
    return cell[1:] if is_guarded else cell


def _is_like_an_error(text: str) -> bool:
    return ("#" in text or ":5" in text) and is_error(text.lstrip("'"))
