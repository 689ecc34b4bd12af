"""Guards formulas in exported cells, and removes the guard on import.

Source: OWASP, CSV injection. The guard is an apostrophe, by which spreadsheets mean "this is text".
The full-width forms are run by spreadsheets in East Asian languages.
"""

import re

_FIRST = r"[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]"
_RUNS = re.compile(_FIRST)
_RUNS_OR_LOOKS_GUARDED = re.compile("'*" + _FIRST)
_GUARDED = re.compile("'+" + _FIRST)


def harmless(cell: str) -> str:
    """Return a cell of an uploaded file, guarded if a spreadsheet would run it."""
    return f"'{cell}" if _RUNS.match(cell) else cell


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
    return "'" in text and _GUARDED.search(text) is not None
