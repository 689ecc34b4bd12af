"""Options that can be obeyed only in some kinds of file, or beside others.

Elsewhere they are refused, and never ignored.
"""

from collections.abc import Mapping
from typing import Literal

from domain.files.kinds import Kind
from domain.imports import ImportOptions
from domain.problems import Problem, excerpt, problem

_TEXTS = frozenset({"csv", "json", "ics"})
_TABLES = frozenset({"csv", "sheet"})
_KINDS: Mapping[str, frozenset[str]] = {
    "sheet": frozenset({"sheet"}),
    "header_row": _TABLES,
    "delimiter": frozenset({"csv"}),
    "encoding": _TEXTS,
}


def unused_key(options: ImportOptions) -> Problem | None:
    """Return the problem of a key by which nothing is matched."""
    if options.key is None or options.on_duplicate != "insert" or options.repairs_of is not None:
        return None
    return problem("invalid_option.unused_key", "key", value=excerpt(",".join(options.key)))


def unfit_options(options: ImportOptions, kind: Kind | Literal["sheet"]) -> Problem | None:
    """Return the problem of options that mean nothing in a kind of file; `sheet` is a workbook."""
    given = {name: getattr(options, name) for name, kinds in _KINDS.items() if kind not in kinds}
    unfit = {name: value for name, value in given.items() if value is not None}
    if not unfit:
        return None
    first, value = next(iter(unfit.items()))
    return problem("invalid_option.kind", first, value=excerpt(value), kind=kind, unfit=tuple(unfit))
