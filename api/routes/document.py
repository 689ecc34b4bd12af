"""The description of the API: OpenAPI as JSON and as a page, AsyncAPI for the feeds."""

from typing import Any

from litestar import Request, Response, get

from api.http.assets import Asset
from api.http.openapi import Answer, describe
from api.routes.answers import ReadyAnswer, not_modified, ready_answer
from api.routes.document_page import STYLE
from api.routes.kept_documents import documents_of
from api.routes.preconditions import is_known
from api.security.origins import header_list
from api.services.links import link

TAG = "documentation"
UNCHANGED = Answer("Not modified")
OBJECT: dict[str, Any] = {"type": "object"}
TEXT: dict[str, Any] = {"type": "string"}


@get(
    "/schema",
    opt=describe("This page", TAG, {200: Answer("A page", TEXT, ["text/html"]), 304: UNCHANGED}, role=None),
)
async def page(request: Request[Any, Any, Any]) -> ReadyAnswer:
    """Return the OpenAPI document for people."""
    return await _answer(request, documents_of(request.app).page(link("")))


@get(
    "/schema/page.css",
    opt=describe("The page's style", TAG, {200: Answer("CSS", TEXT, ["text/css"])}, role=None),
)
async def style() -> Response[str]:
    """Return the style of the page."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@get(
    "/schema/openapi.json",
    opt=describe("This document", TAG, {200: Answer("OpenAPI 3.1", OBJECT), 304: UNCHANGED}, role=None),
)
async def openapi_json(request: Request[Any, Any, Any]) -> ReadyAnswer:
    """Return the OpenAPI document."""
    return await _answer(request, documents_of(request.app).openapi(link("")))


@get(
    "/asyncapi.json",
    opt=describe("The feeds", TAG, {200: Answer("AsyncAPI 3.0", OBJECT), 304: UNCHANGED}, role=None),
)
async def asyncapi_json(request: Request[Any, Any, Any]) -> ReadyAnswer:
    """Return the AsyncAPI document."""
    return await _answer(request, documents_of(request.app).asyncapi)


async def _answer(request: Request[Any, Any, Any], asset: Asset) -> ReadyAnswer:
    """Return a document, or 304 to who has it."""
    headers = {"ETag": asset.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if is_known(request.scope, asset.etag):
        return not_modified(headers)
    body, coding = await asset.encoded(header_list(request.scope, b"accept-encoding") or "")
    if coding is not None:
        headers["Content-Encoding"] = coding
    charset = "; charset=utf-8" if asset.media_type.startswith("text/") else ""
    headers |= {"Content-Type": asset.media_type + charset, "Content-Length": str(len(body))}
    return ready_answer(headers, body)


HANDLERS = (page, style, openapi_json, asyncapi_json)
