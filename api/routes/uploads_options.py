"""The options of an import, out of its form's fields and its URL."""

from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from litestar import Request

from api.problems import invalid_fields
from api.services.imports.options import OPTION_NAMES
from domain.problems import Problem, excerpt

UPLOAD_OPTION_NAMES = OPTION_NAMES | {"upload_id"}


def option_texts(request: Request[Any, Any, Any], fields: Mapping[str, str]) -> dict[str, str]:
    """Return the options by name; one of the URL counts more than a field.

    Other fields are left alone, since forms bring some of their own. Other parameters are not: with
    a misspelt `dry_run` the file would be stored.

    Raises:
        HttpProblem: a parameter of the URL is no option, or is there twice.
    """
    pairs = list(request.query_params.multi_items())
    counts = Counter(name for name, _ in pairs)
    problems = [_unknown(name) for name in counts if name not in UPLOAD_OPTION_NAMES]
    problems += [
        Problem(name, "invalid_option", f"{name} must be given once")
        for name, count in counts.items()
        if count > 1 and name in UPLOAD_OPTION_NAMES
    ]
    if problems:
        raise invalid_fields(problems)
    return {**fields, **dict(pairs)}


def _unknown(name: str) -> Problem:
    shown = excerpt(name)
    near = get_close_matches(shown, UPLOAD_OPTION_NAMES, n=1)
    message = f"there is no option {shown}; these are: {', '.join(sorted(UPLOAD_OPTION_NAMES))}"
    return Problem(shown, "invalid_option", message, shown, near[0] if near else None)
