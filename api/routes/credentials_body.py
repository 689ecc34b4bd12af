"""The small JSON bodies of sign-in and of users, read strictly."""

from typing import Any, TypeVar

import msgspec
from litestar import Request

from api.problems import HttpProblem, invalid_fields
from domain.problems import Problem

Form = TypeVar("Form")


async def read_body(request: Request[Any, Any, Any], form: type[Form]) -> Form:
    """Return the body as a form.

    Raises:
        HttpProblem: it is no JSON, or not of the form. The value is never quoted: it may be a secret.
    """
    raw = await request.body()
    try:
        return msgspec.json.decode(raw, type=form)
    except msgspec.ValidationError as error:
        raise invalid_fields([Problem("", "invalid_type", str(error))]) from None
    # RecursionError: msgspec skips unknown members recursively.
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise HttpProblem("invalid-json", "The body is not one JSON value.") from None
