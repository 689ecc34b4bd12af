"""Problems of import options that name fields."""

from domain.imports import ImportOptions
from domain.problems import Problem, excerpt, problem
from domain.rows.cells import full_field
from domain.rows.columns import Columns, unknown_fields
from domain.rows.names import EITHER


def option_fault(options: ImportOptions) -> Problem | None:
    """Return the first problem of options that name fields, whatever the file; None where there is none."""
    problems = unknown_fields(options.mapping, "mapping")
    problems += unknown_fields(options.defaults, "defaults")
    problems += unknown_fields(dict.fromkeys(map(full_field, options.values or {})), "values")
    return problems[0] if problems else None


def key_fault(options: ImportOptions, columns: Columns) -> Problem | None:
    """Return the problem of a key of which the file has neither a column nor a default.

    Rows that are mended are matched by the key of their import.
    """
    if options.key is None or options.repairs_of is not None:
        return None
    given = {*columns.index, *columns.defaults} - ({"id"} - {*columns.index})
    has_json = not given.isdisjoint(("local_info", EITHER))
    for name in options.key:
        is_there = name in given or (name.startswith("local_info.") and has_json)
        if name == "local_info":
            is_there = has_json or any(one.startswith("local_info.") for one in given)
        if not is_there:
            return problem("invalid_option.key", "key", value=excerpt(name), target=name)
    return None
