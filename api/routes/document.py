"""The API's own description: OpenAPI as JSON and as a page, AsyncAPI for the feeds."""

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get

from api.openapi import Answer, build_document, describe

TAG = "documentation"
OBJECT: dict[str, Any] = {"type": "object"}


@get(
    "/schema/openapi.json",
    opt=describe("This document", TAG, {200: Answer("OpenAPI 3.1", OBJECT)}, role=None),
)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the OpenAPI document."""
    return Response(_document(request.app), media_type="application/json")


@cache
def _document(app: Litestar) -> bytes:
    return msgspec.json.encode(build_document(app.routes, version=version("fasttrack")))


HANDLERS = (openapi_json,)
