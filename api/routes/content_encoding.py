"""Refuses compressed bodies, whose size is unknown before decompression."""

from typing import Any

from litestar import Request

from api.http.problems import HttpProblem
from api.security.origins import header


def refuse_encoded(request: Request[Any, Any, Any]) -> None:
    """Refuse a body that has a Content-Encoding. Source: RFC 9110 §15.5.16."""
    given = header(request.scope, b"content-encoding")
    encoding = given.strip().lower() if given is not None else ""
    if encoding not in {"", "identity"}:
        raise HttpProblem(
            "unsupported-media-type",
            f"Content-Encoding {encoding[:40]!r} is not supported",
            headers={"Accept-Encoding": "identity"},
        )
