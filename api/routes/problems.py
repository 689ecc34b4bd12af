"""The explanations of problems, at the URLs in `type`."""

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from api.http.openapi import Answer, describe
from api.http.problems import KINDS, HttpProblem

TAG = "documentation"
KIND_SCHEMA = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "explanation": {"type": "string"},
    },
    "required": ["type", "status", "title", "explanation"],
}


@get(
    "/problems",
    opt=describe(
        "Every kind of problem",
        TAG,
        {200: Answer("The kinds", {"type": "array", "items": KIND_SCHEMA})},
        role=None,
    ),
)
async def list_kinds() -> Response[bytes]:
    """Return all kinds."""
    return _json([_told(slug) for slug in KINDS])


@get(
    "/problems/{slug:str}",
    opt=describe(
        "One kind of problem",
        TAG,
        {200: Answer("The kind", KIND_SCHEMA)},
        problems=["not-found"],
        role=None,
    ),
)
async def show_kind(slug: FromPath[str]) -> Response[bytes]:
    """Return one kind."""
    if slug not in KINDS:
        raise HttpProblem("not-found", "There is no problem type with this name.")
    return _json(_told(slug))


def _told(slug: str) -> dict[str, object]:
    kind = KINDS[slug]
    return {
        "type": f"/problems/{slug}",
        "status": kind.status,
        "title": kind.title,
        "explanation": kind.explanation,
    }


def _json(content: object) -> Response[bytes]:
    return Response(msgspec.json.encode(content), media_type="application/json")


HANDLERS = (list_kinds, show_kind)
