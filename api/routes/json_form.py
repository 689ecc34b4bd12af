"""Reads a JSON value as a form, and says of each member what is wrong with it.

msgspec stops at the first error, and words it for programmers.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import chain, islice
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct, structs

from api.http.problems import invalid_fields
from domain.problems import MAX_TOLD, Problem, excerpt, problem

Form = TypeVar("Form")

Rule = Callable[[Any], Iterable[Problem]]
NO_RULES: Mapping[str, Rule] = {}

_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false", type(None): "null"}


def read_form(
    value: object, form: type[Form], rules: Mapping[str, Rule] = NO_RULES, *, may_quote: bool = False
) -> Form:
    """Return a JSON value as a form.

    Args:
        value: of the body.
        form: a struct, whose types are the first rules.
        rules: of a member, by its name: what may be wrong with a value of its type.
        may_quote: no value is a secret: problems have the values that they are about.

    Raises:
        HttpProblem: 422 with every error.
    """
    read, fault = None, ""
    try:
        read = msgspec.convert(value, form)
        typed = {name: getattr(read, name) for name in rules if isinstance(value, dict) and name in value}
    except msgspec.ValidationError as error:
        fault, typed = str(error), _typed_members(value, form, rules)
    broken = (one for name, item in typed.items() for one in rules[name](item))
    problems = [*islice(chain(_problems(value, form, "") if fault else (), broken), MAX_TOLD)]
    if read is None or problems:
        # What msgspec alone refuses has its words, as a last resort.
        problems = problems or [Problem("", "invalid_type", fault)]
        raise invalid_fields(problems if may_quote else [*map(_unquoted, problems)])
    return read


def unknown_member(name: str, known: Collection[str], place: str = "") -> Problem:
    """Return the problem of a member that does not exist, with the one that may be meant."""
    shown = excerpt(name)
    near = next(iter(get_close_matches(shown, known, n=1)), None)
    return problem("unknown_member", _within(place, name), value=shown, suggestion=near, known=tuple(known))


def _typed_members(value: object, form: Any, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """Return the members with rules that have the form's types, though others may not."""
    members = value if isinstance(value, dict) else {}
    types = {field.encode_name: field.type for field in structs.fields(form) if field.encode_name in rules}
    return {
        name: msgspec.convert(members[name], kind)
        for name, kind in types.items()
        if name in members and _is(members[name], kind)
    }


def _unquoted(one: Problem) -> Problem:
    """Return a problem without the value that it is about; the name of an unknown member is not one."""
    return one if one.code == "unknown_member" else structs.replace(one, value=None)


def _problems(value: object, kind: Any, place: str) -> Iterator[Problem]:
    """Yield what is wrong with a value of a kind: a struct, a list or dict of kinds, or a scalar."""
    if _is(value, kind):
        return
    if get_origin(kind) in (Union, UnionType):
        # Of alternatives, the one that the value has the shape of.
        fitting = [one for one in get_args(kind) if type(value) is _shape(one)]
        if fitting and _shape(fitting[0]) in (dict, list):
            yield from _problems(value, fitting[0], place)
        else:
            yield _wrong_type(place, kind, value)
    elif type(value) is not _shape(kind) or get_origin(kind) is Literal:
        yield _wrong_type(place, kind, value)
    elif isinstance(value, dict):
        yield from _of_members(value, kind, place)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(item, get_args(kind)[0], f"{place}[{index}]")
    else:
        yield _out_of_range(place, kind, value)


def _of_members(value: dict[str, object], kind: Any, place: str) -> Iterator[Problem]:
    if get_origin(kind) is dict:
        for name, item in value.items():
            yield from _problems(item, get_args(kind)[1], _within(place, name))
        return
    members = {field.encode_name: field for field in structs.fields(kind)}
    for name, field in members.items():
        is_required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        if is_required and name not in value:
            yield problem("required", _within(place, name))
    for name, item in value.items():
        if name in members:
            yield from _problems(item, members[name].type, _within(place, name))
        else:
            yield unknown_member(name, members, place)


def _is(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _shape(kind: Any) -> Any:
    """Return the Python type that JSON of a kind has."""
    if get_origin(kind) is Annotated:
        return _shape(get_args(kind)[0])
    if get_origin(kind) is Literal:
        return str
    if isinstance(kind, type) and issubclass(kind, Struct):
        return dict
    return get_origin(kind) or kind


def _wrong_type(place: str, kind: Any, value: object) -> Problem:
    if get_origin(kind) is Literal:
        words = ", ".join(get_args(kind))
        return Problem(place, "unknown_value", f"{place} must be one of {words}", excerpt(value))
    message = f"{place or 'the body'} must be {_named(kind)}"
    return Problem(place, "invalid_type", message, excerpt(value))


def _named(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(map(_named, get_args(kind)))
    shape = _shape(kind)
    return {dict: "a JSON object", list: "a JSON array"}.get(shape) or _NAMES[shape]


def _out_of_range(place: str, kind: Any, value: object) -> Problem:
    bounds = next(one for one in get_args(kind) if isinstance(one, Meta))
    return Problem(place, "out_of_range", f"{place} must be {bounds.ge} to {bounds.le}", excerpt(value))


def _within(place: str, name: str) -> str:
    return f"{place}.{excerpt(name)}" if place else excerpt(name)
