"""The description of the API: OpenAPI as JSON and as a page, AsyncAPI for the feeds."""

from importlib.metadata import version
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get

from api.http.asyncapi import build_asyncapi
from api.http.openapi import Answer, build_document, describe
from api.routes.document_page import STYLE, render_page
from api.services.links import link

TAG = "documentation"
OBJECT: dict[str, Any] = {"type": "object"}
TEXT: dict[str, Any] = {"type": "string"}


@get("/schema", opt=describe("This page", TAG, {200: Answer("A page", TEXT, ["text/html"])}, role=None))
async def page(request: Request[Any, Any, Any]) -> Response[str]:
    """Return the OpenAPI document for people."""
    return Response(render_page(_document(request)), media_type=MediaType.HTML)


@get(
    "/schema/page.css",
    opt=describe("The page's style", TAG, {200: Answer("CSS", TEXT, ["text/css"])}, role=None),
)
async def style() -> Response[str]:
    """Return the style of the page."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@get(
    "/schema/openapi.json",
    opt=describe("This document", TAG, {200: Answer("OpenAPI 3.1", OBJECT)}, role=None),
)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Return the OpenAPI document."""
    return Response(msgspec.json.encode(_document(request)), media_type="application/json")


@get("/asyncapi.json", opt=describe("The feeds", TAG, {200: Answer("AsyncAPI 3.0", OBJECT)}, role=None))
async def asyncapi_json() -> Response[bytes]:
    """Return the AsyncAPI document."""
    content = build_asyncapi(version=version("fasttrack"))
    return Response(msgspec.json.encode(content), media_type="application/json")


def _document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return build_document(request.app.routes, version=version("fasttrack"), prefix=link(""))


HANDLERS = (page, style, openapi_json, asyncapi_json)
