"""JSON bodies, read raw: the framework's decoder stops at the first error and keeps repeated members.

Every route that takes JSON reads it here, so that one fault has one answer at all of them.
"""

import math
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import msgspec
from anyio import to_thread
from litestar import Request
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from api.http.app_services import services_of
from api.http.problems import HttpProblem, invalid_fields
from api.routes.content_encoding import refuse_encoded
from api.security.guards import unauthorized
from api.security.origins import header
from api.services.open_bodies import LONG_SECONDS
from domain.json_items import TOO_LARGE, NotAnArray, decode_bounded, read_items
from domain.problems import Problem, excerpt
from domain.text import invalid_type

JSON_TYPES = ("application/json",)
PATCH_TYPES = ("application/json", "application/merge-patch+json")
PROBLEMS = ("invalid-json", "too-large", "unsupported-media-type", "validation")
"""What a route that reads JSON may answer, besides its own."""

_PARAMETER = re.compile(r'(?:^|;)\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;"]*)')
_LARGE_BYTES = 64 * 1024
T = TypeVar("T")
JsonRequest = Request[Any, Any, Any]


async def read_json(
    request: JsonRequest, read: Callable[[object], T], media_types: tuple[str, ...] = JSON_TYPES
) -> T:
    """Return the result of `read` for the body's JSON value.

    Raises:
        HttpProblem: another media type, not JSON, more than one value may hold, or what `read` raises.
    """
    _check(request, media_types)
    return await _read(await _body(request), partial(_one, read))


async def read_optional_json(request: JsonRequest, read: Callable[[object], T]) -> T | None:
    """Return the result of `read` for the body's JSON value, None without a body.

    Raises:
        HttpProblem: as `read_json`.
    """
    refuse_encoded(request)
    body = await _body(request)
    if not body:
        return None
    _check_media_type(request, JSON_TYPES)
    return await _read(body, partial(_one, read))


async def read_json_items(request: JsonRequest, read: Callable[[Iterator[object]], T]) -> T:
    """Return the result of `read` for the items of the body's JSON array, one in memory at a time.

    Raises:
        HttpProblem: as `read_json`, or no array. A fault is raised when `read` comes to it.
    """
    _check(request, JSON_TYPES)
    return await _read(await _body(request), partial(_many, read))


def refuse_half_characters(value: object) -> None:
    """Refuse a value with half of a UTF-16 pair in any text or name: it can be neither stored nor sent.

    Not asked where the rules of each field say so themselves, as for events.

    Raises:
        HttpProblem: 422. The value is never quoted: it may be a secret.
    """
    try:
        msgspec.json.encode(value)
    except UnicodeError:
        message = "the body contains half of a UTF-16 surrogate pair, which is not a character"
        raise invalid_fields([Problem("", "invalid_unicode", message)]) from None


def _check(request: JsonRequest, media_types: tuple[str, ...]) -> None:
    refuse_encoded(request)
    _check_media_type(request, media_types)


async def _body(request: JsonRequest) -> bytes:
    """Return the bytes of the body. `request.body()` would keep them for as long as the request is kept.

    Nor by `request.stream()`, whose rules these are: its generator takes three turns for one piece.

    Raises:
        RequestEntityTooLarge: it is longer than the route takes.
        InternalServerException: the client left before its end.
        HttpProblem: 401: the sender was disabled while it came.
    """
    begun = time.monotonic()
    limit = request.route_handler.resolve_request_max_body_size() or math.inf
    announced = header(request.scope, b"content-length")
    if announced is not None and announced.isdecimal() and int(announced) > limit:
        raise RequestEntityTooLarge
    parts: list[bytes] = []
    size, is_last = 0, False
    while not is_last:
        message = await request.receive()
        if message["type"] != "http.request":
            raise InternalServerException("client disconnected prematurely")
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > limit:
            raise RequestEntityTooLarge
        is_last = not message.get("more_body", False)
    if time.monotonic() - begun > LONG_SECONDS:
        await _check_sender(request, begun)
    return b"".join(parts)


async def _check_sender(request: JsonRequest, begun: float) -> None:
    if await services_of(request.app).bodies.is_sender_gone(request.scope.get("user"), begun=begun):
        raise unauthorized(presented=True)


async def _read(body: bytes, read: Callable[[bytes], T]) -> T:
    """Read a large body in a thread, so that feeds go on meanwhile."""
    if len(body) > _LARGE_BYTES:
        return await to_thread.run_sync(read, body)
    return read(body)


def _one(read: Callable[[object], T], body: bytes) -> T:
    value = decode_bounded(body)
    if isinstance(value, Problem):
        raise _refused(value)
    return read(value)


def _many(read: Callable[[Iterator[object]], T], body: bytes) -> T:
    items = read_items(body)
    if isinstance(items, Problem):
        raise _refused(items)
    if isinstance(items, NotAnArray):
        raise invalid_fields([invalid_type("", "array", items.value)])
    return read(_checked(items))


def _checked(items: Iterator[object]) -> Iterator[object]:
    for item in items:
        if isinstance(item, Problem):
            raise _refused(item)
        yield item


def _refused(problem: Problem) -> HttpProblem:
    slug = "too-large" if problem.code == TOO_LARGE else "invalid-json"
    return HttpProblem(slug, problem.message, errors=[problem])


def _check_media_type(request: JsonRequest, media_types: tuple[str, ...]) -> None:
    given = header(request.scope, b"content-type")
    if given is None or given in media_types:
        return
    name, _, parameters = given.lower().partition(";")
    charsets = {value.strip(' \t"') for key, value in _PARAMETER.findall(parameters) if key == "charset"}
    if name.strip() not in media_types or not charsets <= {"utf-8", "utf8"}:
        # Other parameters mean nothing here (RFC 8259 §11). Source of the header: RFC 9110 §15.5.16, §12.5.1.
        raise HttpProblem(
            "unsupported-media-type",
            f"The body must be {' or '.join(media_types)}, in UTF-8, not {excerpt(given)}. "
            "The header Content-Type says what it is.",
            headers={"Accept": ", ".join(media_types)},
        )
