"""Reads a JSON value as a form, and says of each member what is wrong with it.

msgspec stops at the first error, and words it for programmers.
"""

from collections.abc import Iterator
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from api.http.problems import invalid_fields
from domain.problems import MAX_TOLD, Problem, excerpt, problem

Form = TypeVar("Form")

_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false", type(None): "null"}


def read_form(value: object, form: type[Form]) -> Form:
    """Return a JSON value as a form.

    Raises:
        HttpProblem: 422 with every error. No value is quoted: it may be a secret.
    """
    try:
        return msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        # What msgspec alone refuses has its words, as a last resort.
        problems = [*islice(_problems(value, form, ""), MAX_TOLD)]
        raise invalid_fields(problems or [Problem("", "invalid_type", str(error))]) from None


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
            yield _wrong_type(place, kind)
    elif type(value) is not _shape(kind) or get_origin(kind) is Literal:
        yield _wrong_type(place, kind)
    elif isinstance(value, dict):
        yield from _of_members(value, kind, place)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(item, get_args(kind)[0], f"{place}[{index}]")
    else:
        yield _out_of_range(place, kind)


def _of_members(value: dict[str, object], kind: Any, place: str) -> Iterator[Problem]:
    if get_origin(kind) is dict:
        for name, item in value.items():
            yield from _problems(item, get_args(kind)[1], _within(place, name))
        return
    members = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, field in members.items():
        is_required = field.default is NODEFAULT and field.default_factory is NODEFAULT
        if is_required and name not in value:
            yield problem("required", _within(place, name))
    for name, item in value.items():
        if name in members:
            yield from _problems(item, members[name].type, _within(place, name))
        else:
            message = f"there is no member {excerpt(name)}; known are {', '.join(members)}"
            yield Problem(_within(place, name), "unknown_member", message)


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


def _wrong_type(place: str, kind: Any) -> Problem:
    if get_origin(kind) is Literal:
        return Problem(place, "unknown_value", f"{place} must be one of {', '.join(get_args(kind))}")
    return Problem(place, "invalid_type", f"{place or 'the body'} must be {_named(kind)}")


def _named(kind: Any) -> str:
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(map(_named, get_args(kind)))
    shape = _shape(kind)
    return {dict: "a JSON object", list: "a JSON array"}.get(shape) or _NAMES[shape]


def _out_of_range(place: str, kind: Any) -> Problem:
    bounds = next(one for one in get_args(kind) if isinstance(one, Meta))
    return Problem(place, "out_of_range", f"{place} must be {bounds.ge} to {bounds.le}")


def _within(place: str, name: str) -> str:
    return f"{place}.{excerpt(name)}" if place else excerpt(name)
