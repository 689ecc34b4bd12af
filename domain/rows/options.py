"""Problems of import options that do not depend on the file."""

from domain.imports import ImportOptions
from domain.problems import Problem
from domain.rows.cells import full_field
from domain.rows.columns import unknown_fields


def option_fault(options: ImportOptions) -> Problem | None:
    """Return the first problem of options that name fields; None where all of them exist."""
    problems = unknown_fields(options.mapping, "mapping")
    problems += unknown_fields(options.defaults, "defaults")
    problems += unknown_fields(dict.fromkeys(map(full_field, options.values or {})), "values")
    return problems[0] if problems else None
