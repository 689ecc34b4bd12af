"""Problems of URL parameters that do not exist, in one form for the API and the feeds."""

from collections.abc import Collection
from difflib import get_close_matches

from api.redaction import HIDDEN, is_secret, names_secret
from domain.problems import Problem, excerpt

MOST_LOOKED_FOR = 5
"""Names of a request for which another is looked for: each takes up to 30 µs."""

_LONGEST_NAME = 200
_SAID_ELSEWHERE = {
    name: ours
    for ours, names in {
        ("q",): "query search busca buscar texto termo",
        ("city",): "cidade ciudad municipio",
        ("venue_type",): "type tipo tipo_de_local",
        ("limit",): "per_page page_size size count top max limite rows",
        ("skip",): "offset start",
        ("cursor",): "next page pagina page_token next_token",
        ("cursor", "last_event_id"): "after",
        ("sort",): "order order_by ordering sort_by ordem ordenar",
        ("from",): "since start_date date_from desde de inicio",
        ("to",): "until end_date date_to ate hasta fim",
        ("feed",): "feeds topic topics channel channels",
        ("last_event_id",): "cursor last_id lasteventid",
        ("wait",): "timeout",
    }.items()
    for name in names.split()
}
"""What other APIs, and Portuguese and Spanish, call parameters of ours."""
_ALL_OURS = frozenset(one for ours in _SAID_ELSEWHERE.values() for one in ours) | frozenset(_SAID_ELSEWHERE)
"""Names whose meaning is known: another that only looks alike is not meant."""
_HOW = {"cursor": " (the `next` of the page before)"}
"""What is sent as a parameter that is not a plain value."""


def unknown_parameter(
    name: str, value: str, known: Collection[str], *, is_looked_for: bool = True
) -> Problem:
    """Return the problem of a parameter that does not exist.

    It names the one that may be meant, unless that is not to be looked for: that takes up to 30 µs.
    """
    shown = HIDDEN if is_secret(name) else excerpt(name)
    meant = _meant_by(name, known) if is_looked_for else None
    hint = f", {meant}{_HOW.get(meant, '')} may be meant" if meant else ""
    message = f"there is no parameter {shown}{hint}; known are {', '.join(sorted(known)) or 'none'}"
    return Problem(shown, "unknown_parameter", message, _shown(name, value), meant)


def wrong_parameter(name: str, code: str, rule: str, value: str) -> Problem:
    """Return the problem of an invalid value."""
    shown = _shown(name, value)
    return Problem(name, code, f"{rule}, not {shown}", shown)


def repeated_parameter(name: str, value: str) -> Problem:
    """Return the problem of a parameter that is given twice."""
    return wrong_parameter(name, "repeated", f"{name} must be given once", value)


def _shown(name: str, value: str) -> str:
    """Return what a problem shows of a value: nothing of a secret, by its form or by its parameter's name."""
    return HIDDEN if names_secret(name) or is_secret(value) else excerpt(value)


def _meant_by(name: str, known: Collection[str]) -> str | None:
    name = name[:_LONGEST_NAME].lower().replace("-", "_")
    if name in known:
        return name
    if name in _ALL_OURS:
        return next((one for one in _SAID_ELSEWHERE.get(name, ()) if one in known), None)
    return next(iter(get_close_matches(name, known, 1, 0.7)), None)
