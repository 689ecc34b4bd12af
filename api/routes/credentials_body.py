"""Reads JSON bodies with credentials like others, but never quotes them in errors."""

from typing import Any, TypeVar

from litestar import Request

from api.http.problems import HttpProblem
from api.routes.json_body import read_json, refuse_half_characters
from api.routes.json_form import read_form

Form = TypeVar("Form")


async def read_body(request: Request[Any, Any, Any], form: type[Form]) -> Form:
    """Return the body as a form.

    Raises:
        HttpProblem: it is no JSON, or not of the form. The value is never quoted: it may be a secret.
    """
    try:
        value = await read_json(request, lambda value: value)
    except HttpProblem as refusal:
        if refusal.slug != "invalid-json":
            raise
        raise HttpProblem("invalid-json", "The body is not one JSON value, or repeats a member.") from None
    refuse_half_characters(value)
    return read_form(value, form)
