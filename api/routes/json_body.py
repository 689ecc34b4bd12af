"""JSON bodies, read raw: the framework's decoder stops at the first error and keeps repeated members."""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio import to_thread
from litestar import Request

from api.problems import HttpProblem
from api.routes.content_encoding import refuse_encoded
from domain.json_text import decode_json
from domain.problems import Problem

JSON_TYPES = ("application/json",)
PATCH_TYPES = ("application/json", "application/merge-patch+json")
_LARGE_BYTES = 64 * 1024
T = TypeVar("T")


async def read_json(
    request: Request[Any, Any, Any], read: Callable[[object], T], media_types: tuple[str, ...] = JSON_TYPES
) -> T:
    """Return what `read` makes of the body's JSON value.

    A large body is decoded and read in a thread, so that feeds go on meanwhile.

    Raises:
        HttpProblem: another media type, not JSON, or what `read` raises.
    """
    refuse_encoded(request)
    _check_media_type(request, media_types)
    body = await request.body()
    if len(body) > _LARGE_BYTES:
        return await to_thread.run_sync(_decoded, body, read)
    return _decoded(body, read)


def _decoded(body: bytes, read: Callable[[object], T]) -> T:
    value = decode_json(body)
    if isinstance(value, Problem):
        raise HttpProblem("invalid-json", value.message, errors=[value])
    return read(value)


def _check_media_type(request: Request[Any, Any, Any], media_types: tuple[str, ...]) -> None:
    given = request.headers.get("content-type")
    if given is None:
        return
    name, _, parameters = given.partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "")
    if name.strip().lower() not in media_types or charset not in {"", "charset=utf-8", "charset=utf8"}:
        accepted = " or ".join(media_types)
        raise HttpProblem("unsupported-media-type", f"The body must be {accepted}, in UTF-8.")
