"""The options of an import, from form fields and URL parameters."""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Literal

import msgspec
from litestar import Request

from api.http.problems import invalid_fields
from api.services.imports.options import OPTION_NAMES, check_upload_id, parse_options
from domain.imports import ImportOptions
from domain.problems import Problem, excerpt, problem

UPLOAD_OPTION_NAMES = OPTION_NAMES | {"upload_id"}
STAGED_OPTION_NAMES = OPTION_NAMES - {"stage", "repairs_of"}
"""Of what is done with a file that is staged."""
STAGED_IMPORT_NAMES = STAGED_OPTION_NAMES | {"repairs_of"}
"""Of its import, which may turn out to be of corrected rows: a check has no rules of another import."""

LateOption = Literal["late_option", "late_option.resumed", "late_option.repeated"]
"""Why it is late: it came after the file, with a later part of it, or with a repeated Idempotency-Key."""


def option_texts(
    request: Request[Any, Any, Any],
    fields: Iterable[tuple[str, str]],
    known: frozenset[str] = UPLOAD_OPTION_NAMES,
) -> dict[str, str]:
    """Return the options of a request by name, from its URL and its form alike.

    Every field must be an option: with a misspelt `dry_run` the file would be stored.

    Raises:
        HttpProblem: a parameter or field is no option, or an option is given twice.
    """
    pairs = [*request.query_params.multi_items(), *fields]
    counts = Counter(name for name, _ in pairs)
    problems = [_unknown(name, known) for name in counts if name not in known]
    problems += [
        Problem(name, "invalid_option", f"{name} must be given once, in the URL or in the form")
        for name, count in counts.items()
        if count > 1 and name in known
    ]
    if problems:
        raise invalid_fields(problems)
    return dict(pairs)


def options_of(texts: dict[str, str]) -> ImportOptions:
    """Return the options in these texts.

    Raises:
        HttpProblem: everything that is wrong with them.
    """
    options = parse_options({name: text for name, text in texts.items() if name in OPTION_NAMES})
    problems = options if isinstance(options, list) else []
    if wrong_id := check_upload_id(texts.get("upload_id") or "drawn"):
        problems.append(wrong_id)
    if problems or isinstance(options, list):
        raise invalid_fields(problems)
    return options


def changes_of(
    request: Request[Any, Any, Any],
    options: ImportOptions,
    fields: Iterable[tuple[str, str]] = (),
    known: frozenset[str] = STAGED_OPTION_NAMES,
) -> ImportOptions:
    """Return the options of a staged file, updated with those of a request.

    Raises:
        HttpProblem: everything that is wrong with them.
    """
    texts = option_texts(request, fields, known)
    read = options_of(texts)
    given = {name: getattr(read, name) for name in texts}
    return msgspec.structs.replace(options, stage=False, **given)


def changed_options(
    texts: dict[str, str],
    options: ImportOptions,
    upload_id: str,
    *,
    may_change: bool = False,
    sentence: LateOption = "late_option",
) -> list[Problem]:
    """Return a problem for each option that can no longer be changed, as a sentence tells it.

    `may_change`: no row was read yet, so that only its name is settled.
    """
    read = options_of(texts)
    given = {name: getattr(read, name) for name in texts if name in OPTION_NAMES and not may_change}
    other = [name for name, value in given.items() if value != getattr(options, name)]
    if texts.get("upload_id", upload_id) not in ("", upload_id):
        other.append("upload_id")
    return [problem(sentence, name, value=excerpt(texts[name])) for name in sorted(other)]


def _unknown(name: str, known: frozenset[str]) -> Problem:
    shown = excerpt(name)
    near = get_close_matches(shown, known, n=1)
    hint = f"; did you mean {near[0]}" if near else ""
    message = f"there is no option {shown}{hint}; the options are {', '.join(sorted(known))}"
    return Problem(shown, "invalid_option", message, shown, near[0] if near else None)
