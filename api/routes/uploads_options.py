"""The options of an import, from form fields and URL parameters."""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Literal

import msgspec
from litestar import Request

from api.http.problems import invalid_fields
from api.http.wrong_parameters import MOST_LOOKED_FOR
from api.services.imports.options import OPTION_NAMES, check_upload_id, parse_options
from domain.imports import ImportOptions
from domain.problems import Problem, excerpt, in_sentence, problem

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
        HttpProblem: everything that is wrong: names of no option, options given twice, wrong values.
    """
    pairs = [*request.query_params.multi_items(), *fields]
    counts, texts = Counter(name for name, _ in pairs), dict(pairs)
    unknown = [name for name in counts if name not in known]
    repeated = [name for name, count in counts.items() if count > 1 and name in known]
    once = {name: text for name, text in texts.items() if counts[name] == 1 and name in known}
    problems = [
        *(_unknown(name, known, is_looked_for=at < MOST_LOOKED_FOR) for at, name in enumerate(unknown)),
        *(_repeated(name, texts[name]) for name in repeated),
        *_wrong_values(once),
    ]
    if problems:
        raise invalid_fields(problems)
    return texts


def options_of(texts: dict[str, str]) -> ImportOptions:
    """Return the options in texts of `option_texts`, which has refused every wrong one."""
    options = parse_options(texts)
    assert isinstance(options, ImportOptions), "the texts come from option_texts"
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


def _wrong_values(texts: dict[str, str]) -> list[Problem]:
    read = parse_options(texts)
    wrong_id = check_upload_id(texts.get("upload_id") or "drawn")
    return [*(read if isinstance(read, list) else ()), *([wrong_id] if wrong_id else ())]


def _repeated(name: str, text: str) -> Problem:
    message = f"{name} must be given once, in the URL or in the form"
    return Problem(name, "invalid_option", message, excerpt(text))


def _unknown(name: str, known: frozenset[str], *, is_looked_for: bool) -> Problem:
    shown = excerpt(name)
    near = get_close_matches(shown, known, n=1) if is_looked_for else []
    hint = f"; did you mean {near[0]}" if near else ""
    message = f"there is no option {in_sentence(shown)}{hint}; the options are {', '.join(sorted(known))}"
    return Problem(shown, "invalid_option", message, shown, near[0] if near else None)
