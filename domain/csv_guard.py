"""Cells that a spreadsheet would run: guarded on the way out, and as they were on the way in.

Source: OWASP, CSV injection. The guard is an apostrophe, by which spreadsheets mean "this is text".
"""

import re

_RUNS = re.compile(r"[=+\-@\t\r]")
_RUNS_OR_LOOKS_GUARDED = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def harmless(cell: str) -> str:
    """Return a cell of somebody's file, guarded if a spreadsheet would run it."""
    return f"'{cell}" if _RUNS.match(cell) else cell


def guarded(text: str) -> str:
    """Return the cell that `unguarded` reads as this text, and that no spreadsheet runs."""
    return f"'{text}" if _RUNS_OR_LOOKS_GUARDED.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text that a cell stands for."""
    return cell[1:] if _GUARDED.match(cell) else cell


def may_be_guarded(text: str) -> bool:
    """Tell whether some cell of this text may be guarded; quick where none is."""
    return "'" in text and _GUARDED.search(text) is not None
