"""How a file of events is written: `format`, `lang` and `delimiter`, of a download and of an export."""

from collections.abc import Mapping
from typing import Any, cast

from api.http.openapi import Query
from api.http.problems import invalid_fields
from api.http.wrong_parameters import wrong_parameter
from api.routes.url_parameters import UrlParameters
from api.services.exports.formats import FORMATS, FileOptions
from api.services.exports.table import LANGUAGES, Language
from api.services.imports.options import DELIMITERS
from domain.problems import Problem, excerpt

DEFAULT_FORMAT = "json"

SCHEMAS: dict[str, dict[str, Any]] = {
    "format": {"enum": [*FORMATS], "default": DEFAULT_FORMAT},
    "lang": {"enum": [*LANGUAGES]},
    "delimiter": {"type": "string"},
}
PARAMETERS = (
    Query("format", "Format of the file.", SCHEMAS["format"]),
    Query(
        "lang",
        "Language of the column titles of an XLSX, or of a CSV that opens in Excel.",
        SCHEMAS["lang"],
    ),
    Query("delimiter", "Delimiter between the cells of a CSV: `,` `;` `|` or `tab`."),
)
NAMES = frozenset(SCHEMAS)

_OPTIONS_OF = {"lang": ("csv", "xlsx"), "delimiter": ("csv",)}
"""Formats in which an option means something: in others it is refused, and never ignored."""


def of_url(parameters: UrlParameters) -> FileOptions:
    """Return what the parameters ask for; their errors are among those of `parameters`."""
    texts = _given(parameters)
    parameters.problems += _problems(texts)
    return FileOptions() if parameters.problems else _options(texts)


def of_body(value: object, parameters: UrlParameters) -> FileOptions:
    """Return what a JSON body asks for, together with the parameters, which it must not contradict.

    Raises:
        HttpProblem: with everything that is wrong with the body.
    """
    if not isinstance(value, dict):
        raise invalid_fields([Problem("", "invalid_type", "the body must be an object with a format")])
    named = _given(parameters)
    known = ", ".join(SCHEMAS)
    problems = [
        Problem(
            excerpt(name), "unknown_member", f"{excerpt(name)} is not known here; the members are {known}"
        )
        for name in value
        if name not in NAMES
    ]
    texts = {**named, **{name: item for name, item in value.items() if name in NAMES}}
    wrong = _problems(texts)
    problems += wrong
    refused = {problem.field for problem in wrong}
    for name, text in named.items():
        if texts[name] != text and name not in refused:
            message = f"{name} must be {text} as in the URL, not {texts[name]}, or be given once"
            problems.append(Problem(name, "repeated", message, excerpt(texts[name])))
    if problems:
        raise invalid_fields(problems)
    return _options(cast("Mapping[str, str]", texts))


def _given(parameters: UrlParameters) -> dict[str, str]:
    found = {name: parameters.raw(name) for name in SCHEMAS}
    return {name: text for name, text in found.items() if text}


def _problems(texts: Mapping[str, object]) -> list[Problem]:
    """Return what is wrong with each option, and with an option of another format."""
    rules = {
        "format": (f"format must be one of {', '.join(FORMATS)}", (*FORMATS,)),
        # "" stands for a parameter that is left out.
        "lang": (f"lang must be one of {', '.join(LANGUAGES)}", ("", *LANGUAGES)),
    }
    problems = [
        wrong_parameter(name, "unknown_value", rule, excerpt(texts[name]))
        for name, (rule, known) in rules.items()
        if name in texts and texts[name] not in known
    ]
    delimiter, form = texts.get("delimiter", ","), texts.get("format", DEFAULT_FORMAT)
    if not isinstance(delimiter, str) or delimiter.lower() not in DELIMITERS:
        rule = "delimiter must be one of , ; | or tab"
        problems.append(wrong_parameter("delimiter", "unknown_value", rule, excerpt(delimiter)))
    for option, formats in _OPTIONS_OF.items():
        if texts.get(option) and isinstance(form, str) and form in FORMATS and form not in formats:
            rule = f"{option} is for the format {' or '.join(formats)}: it cannot be given for {form}"
            problems.append(Problem(option, "invalid_option", rule, excerpt(texts[option])))
    return problems


def _options(texts: Mapping[str, str]) -> FileOptions:
    delimiter = texts.get("delimiter")
    return FileOptions(
        texts.get("format", DEFAULT_FORMAT),
        cast("Language | None", texts.get("lang") or None),
        None if delimiter is None else DELIMITERS[delimiter.lower()],
    )
